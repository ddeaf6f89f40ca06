"""ESM: an encoder without token types."""

from __future__ import annotations

from transformers_export.models.bases import TextEncoderOnnxConfig


class EsmOnnxConfig(TextEncoderOnnxConfig):
    """Token ids and mask."""

    input_names = ("input_ids", "attention_mask")
