"""Operators that torch's TorchScript-based exporter does not know, or freezes at the traced sizes.

Registered for the time of one export; everything else is torch's own translation.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import torch
from torch.onnx import symbolic_helper, symbolic_opset11, symbolic_opset13

import onnx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def more_operators(opset: int) -> Iterator[None]:
    """Add our translations while a model is captured at `opset`."""
    for name, translate in _TRANSLATIONS.items():
        torch.onnx.register_custom_op_symbolic(name, translate, opset)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for name in _TRANSLATIONS:
            torch.onnx.unregister_custom_op_symbolic(name, opset)  # type: ignore[attr-defined]


def _repeat_interleave(g: Any, tensor: Any, repeats: Any, dim: Any = None, output_size: Any = None) -> Any:
    """Repeat every element of one axis a constant number of times, as rotary embeddings do.

    torch writes a Reshape to the traced lengths. Here it is a new axis, expanded and merged into the one before it,
    with the lengths read in the graph.
    """
    count = symbolic_helper._maybe_get_const(repeats, "t")
    rank = symbolic_helper._get_tensor_rank(tensor)
    if rank is None or symbolic_helper._is_none(dim) or not isinstance(count, torch.Tensor) or count.numel() != 1:
        return symbolic_opset13.repeat_interleave(g, tensor, repeats, dim, output_size)
    axis = symbolic_helper._get_const(dim, "i", "dim") % rank
    times = [1] * rank
    times[axis] = int(count)
    # [.., n, 1, ..] -> [.., n, count, ..] -> [.., n * count, ..]
    spread = [1] * (rank + 1)
    spread[axis + 1] = int(count)
    apart = symbolic_helper._unsqueeze_helper(g, tensor, [axis + 1])
    copies = g.op("Expand", apart, _constant(g, spread))
    merged = g.op("Reshape", copies, g.op("Mul", g.op("Shape", tensor), _constant(g, times)))
    sizes = symbolic_helper._get_tensor_sizes(tensor)
    if sizes[axis] is not None:
        sizes[axis] *= int(count)
    merged.setType(tensor.type().with_sizes(sizes))
    return merged


def _diff(g: Any, tensor: Any, n: Any, dim: Any, prepend: Any = None, append: Any = None) -> Any:
    """The difference of neighbours along an axis, once."""
    if symbolic_helper._get_const(n, "i", "n") != 1:
        return symbolic_helper._unimplemented("diff", "more than once")
    axis = symbolic_helper._get_const(dim, "i", "dim")
    parts = [part for part in (prepend, tensor, append) if part is not None and not symbolic_helper._is_none(part)]
    whole = g.op("Concat", *parts, axis_i=axis) if len(parts) > 1 else tensor
    later = symbolic_helper._slice_helper(g, whole, axes=[axis], starts=[1], ends=[torch.iinfo(torch.int64).max])
    earlier = symbolic_helper._slice_helper(g, whole, axes=[axis], starts=[0], ends=[-1])
    return g.op("Sub", later, earlier)


def _cumsum(g: Any, tensor: Any, dim: Any, dtype: Any = None) -> Any:
    """A running sum; torch's own leaves truth values as they are, which ONNX does not add."""
    if tensor.type().scalarType() == "Bool":
        tensor = g.op("Cast", tensor, to_i=onnx.TensorProto.INT64)
    return symbolic_opset11.cumsum(g, tensor, dim, dtype)


def _expm1(g: Any, tensor: Any) -> Any:
    """`exp(x) - 1`; close to zero it has fewer exact digits than torch's own."""
    one = g.op("CastLike", _constant(g, 1.0), tensor)
    return g.op("Sub", g.op("Exp", tensor), one)


def _rms_norm(g: Any, tensor: Any, shape: Any, weight: Any = None, eps: Any = None) -> Any:
    """Division by the root of the mean square over the last axes, then the weight."""
    axes = [-1 - place for place in range(len(symbolic_helper._get_const(shape, "is", "shape")))]
    none = eps is None or symbolic_helper._is_none(eps)
    least = torch.finfo(torch.float32).eps if none else symbolic_helper._get_const(eps, "f", "eps")
    square = g.op("Mul", tensor, tensor)
    mean = g.op("ReduceMean", square, _constant(g, axes)) if g.opset >= 18 else g.op("ReduceMean", square, axes_i=axes)
    size = g.op("Sqrt", g.op("Add", mean, g.op("CastLike", _constant(g, least), tensor)))
    normed = g.op("Div", tensor, size)
    return normed if weight is None or symbolic_helper._is_none(weight) else g.op("Mul", normed, weight)


def _constant(g: Any, value: Any) -> Any:
    return g.op("Constant", value_t=torch.tensor(value))


_TRANSLATIONS: dict[str, Callable[..., Any]] = {
    "aten::repeat_interleave": _repeat_interleave,
    "aten::cumsum": _cumsum,
    "aten::diff": _diff,
    "aten::expm1": _expm1,
    "aten::rms_norm": _rms_norm,
}
