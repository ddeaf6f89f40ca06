"""The size that exporters capture at, for defects that keep it."""

from __future__ import annotations

from transformers_export.onnx.inputs import TRACED

rows = TRACED.batch
"""Of a batch; set to theirs where other exporters capture."""
tokens = TRACED.sequence
