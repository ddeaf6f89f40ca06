"""What is said of a wrong cache: arrays in, a sentence out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from transformers_export.onnx.validation.caches import Step, wrong_cache

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH, HEADS, TOTAL, SIZE = 2, 4, 8, 3
STEP = Step(5, 6)
DRAWN = np.random.default_rng(0)
CACHES = {
    name: DRAWN.standard_normal((BATCH, HEADS, TOTAL, SIZE)).astype(np.float32)
    for name in ("present.0.key", "present.0.value", "present.1.key", "present.1.value")
}
SUBJECT: Any = SimpleNamespace(atol=1e-5)
MASK = np.ones((BATCH, TOTAL), dtype=np.int64)


def _right() -> dict[str, np.ndarray]:
    return {name: full[:, :, : STEP.stop].copy() for name, full in CACHES.items()}


def _said(outputs: dict[str, np.ndarray], mask: np.ndarray | None = MASK) -> list[str]:
    return list(wrong_cache(outputs, CACHES, STEP, mask, SUBJECT))


def test_the_full_forwards_cache_is_right() -> None:
    assert _said(_right()) == []
    assert _said(_right(), None) == []


def test_a_cache_that_is_not_given_back_is_said() -> None:
    outputs = _right()
    del outputs["present.1.value"]
    assert _said(outputs) == ["present.1.value is not given back"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda array: array.transpose(0, 2, 1, 3), "present.0.key has heads and length swapped: it is 2×6×4×3"),
        (lambda array: array[:, :, 5:], "holds only the 1 new tokens: the 5 that were cached are lost"),
        (lambda array: array[:, :, :5], "holds only the 5 tokens that were cached: the 1 new ones are missing"),
        (
            lambda array: np.concatenate([array[:, :, 5:], array[:, :, :5]], axis=2),
            "has the new tokens before the cached ones",
        ),
        (lambda _: CACHES["present.0.value"][:, :, :6], "present.0.key holds what present.0.value should hold"),
        (lambda _: CACHES["present.1.key"][:, :, :6], "present.0.key holds what present.1.key should hold"),
        (lambda array: array + np.float32(0.1), "after 6 tokens is not the full forward's cache: max |Δ| 1.0e-01"),
        (lambda array: array[..., :2], "shape (2, 4, 6, 2) instead of (2, 4, 6, 3)"),
    ],
)
def test_what_is_wrong_is_named(change: Callable[[np.ndarray], np.ndarray], says: str) -> None:
    outputs = _right()
    outputs["present.0.key"] = change(outputs["present.0.key"])
    (said,) = _said(outputs)
    assert says in said


def test_what_a_cache_holds_of_masked_tokens_does_not_matter() -> None:
    outputs, mask = _right(), MASK.copy()
    mask[0, :2] = 0
    outputs["present.0.key"][0, :, :2] += 1
    assert _said(outputs, mask) == []
    outputs["present.0.key"][1, :, :2] += 1
    assert len(_said(outputs, mask)) == 1


def test_a_cache_that_keeps_less_than_all_tokens_is_not_compared() -> None:
    assert _said(_right(), np.ones((BATCH, TOTAL + 4), dtype=np.int64)) == []
