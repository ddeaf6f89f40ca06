"""Two pieces of SigLIP 2's images that a graph cannot hold as transformers wrote them.

It asks `interpolate` for every image with sizes read out of a tensor, and a graph keeps those of the traced images; but
bilinear interpolation with antialiasing is two matrix products, of weights that follow from the sizes. Its head uses
`nn.MultiheadAttention`, of which the legacy exporter keeps the traced number of patches.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


def resize_positional_embeddings(positional_embeddings: Tensor, spatial_shapes: Tensor, max_length: int) -> Tensor:
    """What `Siglip2VisionEmbeddings.resize_positional_embeddings` computes.

    Args:
        positional_embeddings: The table, `[table height, table width, size]`.
        spatial_shapes: Height and width of every image in patches, `[batch, 2]`.
        max_length: Patches that every image is padded to.

    Returns:
        `[batch, max_length, size]`; positions behind an image's last patch have those of its first. An image one patch
        wide is resized row by row; `interpolate` repeats its first row (torch 2.13).
    """
    table = positional_embeddings.to(torch.float32)
    heights, widths = spatial_shapes[:, :1], spatial_shapes[:, 1:]
    places = torch.arange(max_length, device=table.device)[None, :]
    places = torch.where(places < heights * widths, places, torch.zeros_like(places))
    rows = torch.div(places, widths, rounding_mode="floor")
    down = _weights(rows, heights, table.shape[0])
    across = _weights(places - rows * widths, widths, table.shape[1])
    resized = torch.einsum("bph,bpw,hwd->bpd", down, across, table)
    return resized.to(positional_embeddings.dtype)


def _weights(place: Tensor, length: Tensor, source: int) -> Tensor:
    """Shares of `source` table rows in each place of an axis resized to `length`: `[batch, patches, source]`."""
    scale = source / length.to(torch.float32)
    centre = (place.to(torch.float32) + 0.5) * scale
    reach = scale.clamp(min=1.0)  # a triangle, wider where the table is made smaller
    distance = torch.arange(source, device=place.device, dtype=torch.float32) + 0.5 - centre[..., None]
    shares = (1.0 - (distance / reach[..., None]).abs()).clamp(min=0.0)
    return shares / shares.sum(dim=-1, keepdim=True)


def pooled(self: Any, hidden_state: Tensor, attention_mask: Tensor | None = None) -> Tensor:
    """What `Siglip2MultiheadAttentionPoolingHead.forward` computes.

    Args:
        self: The head.
        hidden_state: States of the patches, `[batch, patches, size]`.
        attention_mask: The patches that are there, `[batch, patches]`.

    Returns:
        `[batch, size]`.
    """
    attention = self.attention
    weights, biases = attention.in_proj_weight.chunk(3), attention.in_proj_bias.chunk(3)
    asking = self.probe.expand(hidden_state.shape[0], -1, -1)
    query, key, value = (
        functional.linear(states, weight, bias)
        .view(states.shape[0], -1, self.num_heads, attention.head_dim)
        .transpose(1, 2)
        for states, weight, bias in zip((asking, hidden_state, hidden_state), weights, biases, strict=True)
    )
    scores = query @ key.transpose(-1, -2) / math.sqrt(attention.head_dim)
    if attention_mask is not None:
        scores = scores.masked_fill(attention_mask[:, None, None, :] == 0, torch.finfo(scores.dtype).min)
    mixed = attention.out_proj((scores.softmax(dim=-1) @ value).transpose(1, 2).flatten(2))
    result: Tensor = mixed + self.mlp(self.layernorm(mixed))
    return result[:, 0]
