"""Setting weights where a model ties them."""

from __future__ import annotations

import pytest
import torch

from transformers_export.onnx.tensorflow.errors import TensorFlowCheckpointError
from transformers_export.onnx.tensorflow.loading import _untied


class _Pair(torch.nn.Module):
    def __init__(self, *, one_part: bool) -> None:
        super().__init__()
        self.first = torch.nn.Linear(2, 3)
        self.second = self.first if one_part else torch.nn.Linear(2, 3)
        self.second.weight = self.first.weight


def test_a_tied_weight_gets_a_parameter_of_its_own() -> None:
    model = _Pair(one_part=False)
    fresh = _untied(model, "second.weight", "first.weight")
    assert model.second.weight is fresh
    assert model.first.weight is not fresh


def test_what_is_one_part_under_two_names_cannot_be_untied() -> None:
    """As T5's encoder holds the shared embeddings in transformers 4: setting one would set the other."""
    with pytest.raises(TensorFlowCheckpointError, match=r"'first\.weight' and 'second\.weight' are one part of _Pair"):
        _untied(_Pair(one_part=True), "second.weight", "first.weight")
