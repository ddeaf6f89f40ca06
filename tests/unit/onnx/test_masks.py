"""Masks built by broadcasting are those that transformers 4.53 to 4.57 builds with vmap."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import torch

from transformers_export.onnx.masks import broadcast, without_vmap

if TYPE_CHECKING:
    import pytest

PADDING = torch.tensor([[True, True, True, False, True], [True] * 5])


def mask(batch: Any, head: Any, query: Any, key: Any) -> Any:
    """Causal within a window of three, and padded."""
    return (key <= query) & (key > query - 3) & PADDING[batch, key]


def causal(batch: Any, head: Any, query: Any, key: Any) -> Any:
    return key <= query


def test_every_place_is_as_asked_one_by_one() -> None:
    batch, head, query, key = torch.arange(2), torch.arange(1), torch.arange(2, 5), torch.arange(5)
    whole = broadcast(mask)(batch, head, query, key)
    assert whole.shape == (2, 1, 3, 5)
    for b in range(2):
        for q in range(3):
            for k in range(5):
                assert whole[b, 0, q, k] == mask(batch[b], head[0], query[q], key[k])
    assert broadcast(causal)(batch, head, query, key).shape == (2, 1, 3, 5)


def test_queries_and_keys_alone() -> None:
    own = torch.vmap(torch.vmap(causal, in_dims=(None, None, None, 0)), in_dims=(None, None, 0, None))
    query, key = torch.arange(2, 5), torch.arange(5)
    assert torch.equal(broadcast(causal, bh_indices=False)(None, None, query, key), own(None, None, query, key))


def test_what_is_replaced_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("transformers.masking_utils")
    module._vmap_for_bhqkv, module.TransformGetItemToIndex = "theirs", "theirs too"
    monkeypatch.setitem(sys.modules, "transformers.masking_utils", module)
    with without_vmap():
        assert module._vmap_for_bhqkv is broadcast
    assert (module._vmap_for_bhqkv, module.TransformGetItemToIndex) == ("theirs", "theirs too")
