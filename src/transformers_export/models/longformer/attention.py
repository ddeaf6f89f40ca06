"""Longformer's attention as one product with a mask.

transformers cuts the sequence into chunks, pads it to a multiple of the window in Python, and counts the tokens that
see everything; a graph keeps all three as they were traced. The same positions see each other here, at any length, at
the cost of memory for all pairs of positions.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor


def attention(
    self: Any,
    hidden_states: Tensor,
    attention_mask: Tensor,
    is_index_masked: Tensor,
    is_index_global_attn: Tensor,
    is_global_attn: Any = None,
    output_attentions: bool = False,
) -> tuple[Tensor]:
    """What `LongformerSelfAttention.forward` computes; arguments as there, without the attention weights."""

    def heads(states: Tensor) -> Tensor:
        return states.unflatten(-1, (self.num_heads, self.head_dim)).transpose(1, 2)

    place = torch.arange(hidden_states.shape[1], device=hidden_states.device)
    near = (place[:, None] - place[None, :]).abs() <= self.one_sided_attn_window_size
    seen = ~is_index_masked[:, None, None, :]
    some = (near & seen) | is_index_global_attn[:, None, None, :]
    local = _attend(
        heads(self.query(hidden_states)), heads(self.key(hidden_states)), heads(self.value(hidden_states)), some
    )
    local = local.masked_fill(is_index_masked[:, None, :, None], 0.0)
    whole = _attend(
        heads(self.query_global(hidden_states)),
        heads(self.key_global(hidden_states)),
        heads(self.value_global(hidden_states)),
        seen,
    )
    mixed = torch.where(is_index_global_attn[:, None, :, None], whole, local)
    return (mixed.transpose(1, 2).flatten(2),)


def _attend(query: Tensor, key: Tensor, value: Tensor, visible: Tensor) -> Tensor:
    """`[batch, heads, sequence, size]` each; `visible` broadcasts to `[batch, heads, query, key]`."""
    scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
    scores = scores.masked_fill(~visible, torch.finfo(scores.dtype).min)
    return scores.softmax(dim=-1) @ value


def without_padding(
    self: Any,
    input_ids: Tensor,
    attention_mask: Tensor,
    token_type_ids: Tensor,
    position_ids: Tensor,
    inputs_embeds: Tensor,
    pad_token_id: int,
) -> tuple[int, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """In place of `LongformerModel._pad_to_window_size`: this attention needs none."""
    return 0, input_ids, attention_mask, token_type_ids, position_ids, inputs_embeds
