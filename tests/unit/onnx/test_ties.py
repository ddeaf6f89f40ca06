"""Which whole numbers rounding decides."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from transformers_export.onnx.validation.ties import is_whole, tied


class Best(nn.Module):
    """Scores two labels a row; gives the better one and the scores."""

    def __init__(self) -> None:
        super().__init__()
        self.scores = nn.Linear(4, 2, bias=False)
        with torch.no_grad():
            self.scores.weight.copy_(torch.tensor([[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 5.0]]))

    def forward(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        scores = self.scores(rows)
        return scores.argmax(-1), scores


def test_a_tie_is_told_from_a_clear_answer_and_weights_are_put_back() -> None:
    model = Best()
    before = model.scores.weight.clone()
    rows = torch.tensor([[1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0]])  # the same score for both; a clear one
    best, scores = model(rows)
    found = tied(model, [rows], {"best": best.numpy(), "scores": scores.detach().numpy()})
    assert {name: places.tolist() for name, places in found.items()} == {"best": [True, False]}
    assert torch.equal(model.scores.weight, before)


def test_whole_numbers_are_integers_and_truth_values() -> None:
    assert is_whole(np.zeros(1, dtype=np.int64))
    assert is_whole(np.zeros(1, dtype=bool))
    assert not is_whole(np.zeros(1, dtype=np.float32))
