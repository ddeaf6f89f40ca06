"""SpeechT5: raw sound of any length in, text out."""

from __future__ import annotations

from typing import Any

from transformers_export.models.speech import RecordingSeq2SeqOnnxConfig
from transformers_export.onnx.config import OnnxSeq2SeqConfigWithPast


class SpeechT5OnnxConfig(RecordingSeq2SeqOnnxConfig):
    """A wave and the decoder, with past too: without a mask over the sound its decoder makes none over the encoder."""

    input_name = "input_values"

    def fill_with_past_key_values_(self, inputs_or_outputs: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        """Add decoder and encoder pairs; both lengths vary."""
        OnnxSeq2SeqConfigWithPast.fill_with_past_key_values_(self, inputs_or_outputs, *args, **kwargs)

    @property
    def encoder_length(self) -> int:
        """Positions in the example's cache."""
        return self.default_sequence_length
