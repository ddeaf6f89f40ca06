"""PatchTST: a number of channels of numbers, of one length."""

from __future__ import annotations

from transformers_export.models.series import SeriesOnnxConfig


class PatchTSTOnnxConfig(SeriesOnnxConfig):
    """Past values."""
