"""Moonshine: raw sound of any length in, text out."""

from __future__ import annotations

from transformers_export.models.speech import RecordingSeq2SeqOnnxConfig


class MoonshineOnnxConfig(RecordingSeq2SeqOnnxConfig):
    """A wave and the decoder."""

    input_name = "input_values"

    @property
    def num_layers(self) -> tuple[int, int]:
        """Encoder and decoder layers."""
        return self._config.encoder_num_hidden_layers, self._config.decoder_num_hidden_layers

    @property
    def num_attention_heads(self) -> tuple[int, int]:
        """Encoder and decoder heads that are cached."""
        return self._config.encoder_num_key_value_heads, self._config.decoder_num_key_value_heads

    @property
    def head_dim(self) -> int:
        """Length of one key or value vector."""
        return int(self._config.hidden_size) // int(self._config.decoder_num_attention_heads)
