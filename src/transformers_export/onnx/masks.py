"""Attention masks without `vmap`, which transformers 4.53 to 4.57 builds them with and torch's tracer cannot follow."""

from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

    MaskFunction = Callable[..., Tensor]
    """Whether a query sees a key, from the places of batch, head, query and key."""


@contextmanager
def without_vmap() -> Iterator[None]:
    """Let transformers build the same masks by broadcasting for a time; nothing where it does already."""
    module: Any = sys.modules.get("transformers.masking_utils")
    instead = {"_vmap_for_bhqkv": broadcast, "TransformGetItemToIndex": nullcontext}
    if not all(hasattr(module, name) for name in instead):
        yield
        return
    original = {name: getattr(module, name) for name in instead}
    vars(module).update(instead)
    try:
        yield
    finally:
        vars(module).update(original)


def broadcast(mask_function: MaskFunction, bh_indices: bool = True) -> MaskFunction:
    """What `_vmap_for_bhqkv` gives: the function over whole axes.

    Args:
        mask_function: Elementwise in the places it is given.
        bh_indices: Whether over batch and head too, for `[batch, head, query, key]`; else `[query, key]`.
    """

    def over_axes(batch: Any, head: Any, query: Tensor, key: Tensor) -> Tensor:
        if not bh_indices:
            mask = mask_function(batch, head, query[:, None], key[None, :])
            return mask.expand(query.shape[0], key.shape[0])
        places = batch[:, None, None, None], head[:, None, None], query[:, None], key[None, :]
        return mask_function(*places).expand(batch.shape[0], head.shape[0], query.shape[0], key.shape[0])

    return over_axes
