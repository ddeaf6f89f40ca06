"""Operators that torch's TorchScript-based exporter freezes at the traced sizes, translated so that they stay free.

Registered for the time of one export; everything else is torch's own translation.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import torch
from torch.onnx import symbolic_helper, symbolic_opset13

if TYPE_CHECKING:
    from collections.abc import Iterator

_REPEAT_INTERLEAVE = "aten::repeat_interleave"


@contextlib.contextmanager
def free_operators(opset: int) -> Iterator[None]:
    """Use our translations while a model is captured at `opset`."""
    torch.onnx.register_custom_op_symbolic(  # type: ignore[attr-defined]  # exported, if not by the stubs
        _REPEAT_INTERLEAVE, _repeat_interleave, opset
    )
    try:
        yield
    finally:
        torch.onnx.unregister_custom_op_symbolic(_REPEAT_INTERLEAVE, opset)  # type: ignore[attr-defined]


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
    copies = g.op("Expand", apart, g.op("Constant", value_t=torch.tensor(spread)))
    lengths = g.op("Mul", g.op("Shape", tensor), g.op("Constant", value_t=torch.tensor(times)))
    merged = g.op("Reshape", copies, lengths)
    sizes = symbolic_helper._get_tensor_sizes(tensor)
    if sizes[axis] is not None:
        sizes[axis] *= int(count)
    merged.setType(tensor.type().with_sizes(sizes))
    return merged
