"""Data2VecText: an encoder without token types."""

from __future__ import annotations

from transformers_export.models.bases import TextEncoderOnnxConfig


class Data2VecTextOnnxConfig(TextEncoderOnnxConfig):
    """Token ids and mask."""

    input_names = ("input_ids", "attention_mask")
