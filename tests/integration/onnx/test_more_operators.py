"""Operators that torch's own legacy exporter lacks or gets wrong: ours give PyTorch's values, also at other sizes."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import onnxruntime
import pytest
import torch
from torch import nn

from transformers_export.onnx.exporters.legacy_operators import more_operators

if TYPE_CHECKING:
    from pathlib import Path


class Windows(nn.Module):
    def forward(self, series: torch.Tensor) -> torch.Tensor:
        return series.unfold(dimension=-2, size=4, step=2)


class Rounds(nn.Module):
    def forward(self, lengths: torch.Tensor) -> torch.Tensor:
        return (lengths - 1) // 2 + -(-lengths // 3)


def _difference(module: nn.Module, traced: torch.Tensor, given: torch.Tensor, path: Path) -> float:
    axes = {
        "given": {
            axis: f"axis{axis}" for axis, (a, b) in enumerate(zip(traced.shape, given.shape, strict=True)) if a != b
        }
    }
    with warnings.catch_warnings(), more_operators(18):
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module, (traced,), path, input_names=["given"], dynamic_axes=axes, opset_version=18, dynamo=False
        )
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (actual,) = session.run(None, {"given": given.numpy()})
    expected = module(given)
    assert actual.shape == tuple(expected.shape)
    return float((torch.from_numpy(actual) - expected).abs().max())


@pytest.mark.parametrize("size", [1, 2, 3, 6, (3, 5)])
def test_means_over_regions_of_any_number_and_image(size: int | tuple[int, int], tmp_path: Path) -> None:
    traced, given = torch.randn(2, 3, 4, 7), torch.randn(3, 3, 10, 5)
    assert _difference(nn.AdaptiveAvgPool2d(size), traced, given, tmp_path / "model.onnx") < 1e-6


def test_windows_along_an_axis_counted_from_the_end(tmp_path: Path) -> None:
    assert _difference(Windows(), torch.randn(2, 12, 3), torch.randn(5, 12, 3), tmp_path / "model.onnx") == 0


@pytest.mark.parametrize("kind", [torch.int64, torch.int32, torch.float32])
def test_division_is_rounded_down_below_zero_too(kind: torch.dtype, tmp_path: Path) -> None:
    lengths = torch.arange(-7, 8).to(kind)
    assert _difference(Rounds(), lengths[:4], lengths, tmp_path / "model.onnx") == 0
