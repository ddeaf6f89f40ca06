"""Which exporter dynamo goes through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers.exporters import exporter_onnx

from transformers_export.onnx.exporters import dynamo

if TYPE_CHECKING:
    import pytest


def test_it_is_the_one_of_transformers() -> None:
    assert isinstance(dynamo._exporter_of_transformers(), exporter_onnx.OnnxExporter)


def test_it_is_torch_alone_where_that_one_refuses_this_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """As transformers 5.17 does with torch 2.9."""
    monkeypatch.setattr(exporter_onnx.OnnxExporter, "min_versions", {"torch": "99.0"})
    assert dynamo._exporter_of_transformers() is None
