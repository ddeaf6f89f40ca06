"""LongT5's blocks of tokens, counted in the graph.

transformers counts whole blocks in Python and takes another way where there is none; a graph keeps what was captured.
Here one block more stands behind the whole ones, which no token sees. So there always is one, and what is computed is
the same at any length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

_UNSEEN = -1


def fixed_block_ids(attention_mask: Tensor, global_block_size: int) -> tuple[Tensor, Tensor]:
    """In place of `_make_global_fixed_block_ids`: the block of each token, and which blocks there are.

    Args:
        attention_mask: `[batch, sequence]`.
        global_block_size: Tokens of a block.

    Returns:
        `[batch, sequence]`, -1 for tokens of no block, and `[batch, blocks]`: 1 for blocks that have tokens, 0 for
        others, -1 for the one that no token sees.
    """
    place = torch.arange(attention_mask.shape[1], device=attention_mask.device)
    block = torch.where(attention_mask > 0, place // global_block_size, -1)
    ends = (place % global_block_size == global_block_size - 1) & (block >= 0)
    last = ends.sum(-1, keepdim=True) - 1
    block = torch.minimum(block, last)  # what is left over belongs to the last whole block
    whole = attention_mask.shape[1] // global_block_size
    blocks = torch.arange(whole + 1, device=attention_mask.device)
    present = (blocks <= block.max(-1, keepdim=True).values).int()
    return block.int(), torch.where(blocks == whole, _UNSEEN, present)


def aggregates(hidden_states: Tensor, block_ids: Tensor, global_seq_len: int) -> Tensor:
    """In place of `_create_global_aggregates`: the sum of each block's states `[batch, blocks, size]`."""
    blocks = torch.arange(global_seq_len, device=block_ids.device)
    members = block_ids[:, None, :] == blocks[None, :, None]
    return members.to(hidden_states.dtype) @ hidden_states


def padding_always(pad: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """`_split_into_blocks`, which pads at any length, also where the captured one is a multiple of the block."""

    def split(x: Tensor, block_len: int, dim: int) -> Tensor:
        padded = pad(x, block_len, dim)
        return padded.reshape((*padded.shape[:dim], -1, block_len, *padded.shape[dim:][1:]))

    return split


def hiding(side_bias: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """`compute_side_bias`, which lets no token see the block that is not there."""

    def hidden(self: Any, mask: Tensor, global_segment_ids: Tensor) -> Tensor:
        unseen = global_segment_ids[:, None, None, :] == _UNSEEN
        return side_bias(self, mask, global_segment_ids).masked_fill(unseen, -torch.inf)

    return hidden
