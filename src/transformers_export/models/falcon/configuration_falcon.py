"""Falcon: a decoder with past."""

from __future__ import annotations

from transformers_export.models.bases import DecoderOnnxConfig


class FalconOnnxConfig(DecoderOnnxConfig):
    """Token ids, past and mask."""

    @property
    def num_attention_heads(self) -> int:
        """One cached head where all queries share it, else as many as the configuration says."""
        if self._config.new_decoder_architecture or not self._config.multi_query:
            return int(self._config.num_kv_heads)
        return 1
