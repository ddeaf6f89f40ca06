"""Whole numbers that PyTorch itself gives otherwise once its weights are moved by rounding: ties, and near ones.

An argmax over scores that lie as close as rounding moves them is decided by the order of additions, which is no one's
error. Asked only where such an output differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor, nn

_TRIES = 4
_ROUNDINGS = 32
"""How far weights are moved, in units of their type's rounding: about what a small network sums up to."""


@torch.no_grad()
def tied(model: nn.Module, inputs: Sequence[Tensor], expected: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Find the places of whole numbers that rounding decides.

    Args:
        model: Called with the inputs, gives a tuple of outputs in the order of `expected`; its weights are moved and
            put back.
        inputs: What it is called with.
        expected: What it gave.

    Returns:
        For every output of whole numbers, booleans of its shape: whether another answer is as right.
    """
    found = {name: np.zeros(array.shape, bool) for name, array in expected.items() if is_whole(array)}
    generator = torch.Generator().manual_seed(0)
    weights = [parameter for parameter in model.parameters() if parameter.is_floating_point()]
    kept = [parameter.clone() for parameter in weights]
    try:
        for _ in range(_TRIES):
            for parameter, original in zip(weights, kept, strict=True):
                noise = torch.randn(original.shape, generator=generator).to(original.dtype)
                parameter.copy_(original + original * noise * (_ROUNDINGS * torch.finfo(original.dtype).eps))
            for name, output in zip(expected, model(*inputs), strict=True):
                if name in found and tuple(output.shape) == found[name].shape:
                    found[name] |= output.numpy() != expected[name]
    finally:
        for parameter, original in zip(weights, kept, strict=True):
            parameter.copy_(original)
    return found


def is_whole(array: np.ndarray) -> bool:
    """Whether an array holds whole numbers or truth values."""
    return bool(np.issubdtype(array.dtype, np.integer) or array.dtype == np.bool_)
