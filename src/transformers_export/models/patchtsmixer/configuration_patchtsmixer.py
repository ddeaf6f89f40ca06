"""PatchTSMixer: a number of channels of numbers, of one length."""

from __future__ import annotations

from transformers_export.models.series import SeriesOnnxConfig


class PatchTSMixerOnnxConfig(SeriesOnnxConfig):
    """Past values."""
