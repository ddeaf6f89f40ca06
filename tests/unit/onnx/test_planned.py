"""Which sizes are run: none whose inputs are those of another."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import torch

from transformers_export.onnx.validation import runs

if TYPE_CHECKING:
    from transformers_export.onnx.inputs import Sizes


def _distinct(*axes: str) -> list[Sizes]:
    """What is left of the usual sizes for a model with these axes."""

    def draw(sizes: Sizes, _purpose: int) -> dict[str, torch.Tensor]:
        return {"x": torch.zeros([getattr(sizes, axis) for axis in axes])}

    return list(runs._distinct(cast("Any", SimpleNamespace(draw=draw)), runs.SHAPES))


def test_a_model_without_a_sequence_runs_each_batch_once() -> None:
    assert [sizes.batch for sizes in _distinct("batch")] == [1, 3, 4]


def test_a_model_with_a_sequence_runs_all() -> None:
    assert _distinct("batch", "sequence") == list(runs.SHAPES)
