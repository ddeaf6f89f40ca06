"""Falcon's ALiBi biases without a product of bfloat16, which ONNX Runtime does not have on the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor


def biases(attention_mask: Tensor, num_heads: int, dtype: torch.dtype) -> Tensor:
    """Return the biases `[batch * heads, 1, keys]` of `build_alibi_tensor`, to the bit.

    A product of two bfloat16 is exact in float32, so it is rounded once, as there.
    """
    batch, length = attention_mask.shape
    whole = 2 ** (num_heads.bit_length() - 1)
    slopes = [2.0 ** (-8 * place / whole) for place in range(1, whole + 1)]
    slopes += [2.0 ** (-4 * place / whole) for place in range(1, 2 * (num_heads - whole), 2)]
    rounded = torch.tensor(slopes, dtype=torch.bfloat16).float().to(attention_mask.device)
    places = ((attention_mask.cumsum(dim=-1) - 1) * attention_mask)[:, None, :]
    product = rounded[:, None] * places.to(torch.bfloat16).float()
    return product.to(torch.bfloat16).reshape(batch * num_heads, 1, length).to(dtype)
