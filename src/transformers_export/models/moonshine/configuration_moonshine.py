"""Moonshine: raw sound of any length in, text out."""

from __future__ import annotations

from transformers_export.models.speech import RecordingSeq2SeqOnnxConfig


class MoonshineOnnxConfig(RecordingSeq2SeqOnnxConfig):
    """A wave and the decoder."""

    input_name = "input_values"
