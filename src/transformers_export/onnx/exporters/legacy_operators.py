"""Operators that torch's TorchScript-based exporter does not know, or freezes at the traced sizes.

Registered for the time of one export; everything else is torch's own translation.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import torch
from torch.onnx import (
    symbolic_helper,
    symbolic_opset9,
    symbolic_opset11,
    symbolic_opset12,
    symbolic_opset13,
    symbolic_opset14,
)

import onnx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def more_operators(opset: int) -> Iterator[None]:
    """Add our translations while a model is captured at `opset`."""
    translations = _TRANSLATIONS | (_BELOW_12 if opset < 12 else {})
    for name, translate in translations.items():
        torch.onnx.register_custom_op_symbolic(name, translate, opset)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for name in translations:
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


def _scaled_dot_product_attention(g: Any, query: Any, *given: Any) -> Any:
    """Attention that gives float16 where the query is; torch's own makes a boolean mask, and all after it, float32."""
    attended = symbolic_opset14.scaled_dot_product_attention(g, query, *given)
    is_half = query.type().scalarType() == "Half"
    return g.op("Cast", attended, to_i=onnx.TensorProto.FLOAT16) if is_half else attended


def _unfold(g: Any, tensor: Any, dimension: Any, size: Any, step: Any) -> Any:
    """Windows along an axis; torch's own takes an axis counted from the end for another."""
    axis = symbolic_helper._get_const(dimension, "i", "dimension")
    rank = symbolic_helper._get_tensor_rank(tensor)
    if rank is not None:
        axis %= rank
    length = symbolic_helper._get_const(size, "i", "size")
    return symbolic_opset12.unfold(g, tensor, axis, length, symbolic_helper._get_const(step, "i", "step"))


def _floor_divide(g: Any, dividend: Any, divisor: Any) -> Any:
    """Division rounded down; torch's own rounds whole numbers below zero up, as for lengths of a row without any."""
    if symbolic_helper._is_fp(dividend) or symbolic_helper._is_fp(divisor):
        return g.op("Floor", symbolic_opset9.true_divide(g, dividend, divisor))
    rest = g.op("Mod", dividend, divisor)
    return g.op("Div", g.op("Sub", dividend, rest), divisor)


def _min(g: Any, tensor: Any, other: Any = None, keepdim: Any = None) -> Any:
    """The smaller of two; before opset 12 ONNX's own does not take whole numbers."""
    if other is None or keepdim is not None:
        return symbolic_opset9.min(g, tensor, other, keepdim)
    return g.op("Where", g.op("Less", tensor, other), tensor, other)


def _adaptive_avg_pool2d(g: Any, tensor: Any, output_size: Any) -> Any:
    """Means over regions that cover an image; torch's own wants regions of one size, known when traced.

    The regions of one axis are the rows of a matrix, so each axis is a matrix product.
    """
    wanted = symbolic_helper._get_const(output_size, "is", "output_size")
    if list(wanted) == [1, 1]:
        return g.op("GlobalAveragePool", tensor)
    rows, columns = (_regions(g, tensor, axis, wanted[axis]) for axis in (-2, -1))
    pooled = g.op("MatMul", rows, g.op("MatMul", tensor, g.op("Transpose", columns, perm_i=[1, 0])))
    sizes = symbolic_helper._get_tensor_sizes(tensor)
    pooled.setType(tensor.type().with_sizes([*sizes[:2], *wanted]))
    return pooled


def _regions(g: Any, tensor: Any, axis: int, count: int) -> Any:
    """Weights `[count, length]` of the mean over each of `count` regions, which may overlap: torch's own borders."""
    length = g.op("Gather", g.op("Shape", tensor), _constant(g, axis))
    numbers = torch.arange(count).unsqueeze(1)
    start = g.op("Div", g.op("Mul", _constant(g, numbers.tolist()), length), _constant(g, count))
    after = g.op("Mul", _constant(g, (numbers + 1).tolist()), length)
    end = g.op("Div", g.op("Add", after, _constant(g, count - 1)), _constant(g, count))
    place = g.op("Range", _constant(g, 0), length, _constant(g, 1))
    inside = g.op("And", g.op("Not", g.op("Less", place, start)), g.op("Less", place, end))
    return g.op("Div", g.op("CastLike", inside, tensor), g.op("CastLike", g.op("Sub", end, start), tensor))


def _constant(g: Any, value: Any) -> Any:
    return g.op("Constant", value_t=torch.tensor(value))


_TRANSLATIONS: dict[str, Callable[..., Any]] = {
    "aten::adaptive_avg_pool2d": _adaptive_avg_pool2d,
    "aten::repeat_interleave": _repeat_interleave,
    "aten::cumsum": _cumsum,
    "aten::diff": _diff,
    "aten::expm1": _expm1,
    "aten::floor_divide": _floor_divide,
    "aten::rms_norm": _rms_norm,
    "aten::scaled_dot_product_attention": _scaled_dot_product_attention,
    "aten::unfold": _unfold,
}

_BELOW_12: dict[str, Callable[..., Any]] = {"aten::min": _min}
