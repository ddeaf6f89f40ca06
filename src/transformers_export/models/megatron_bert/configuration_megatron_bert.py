"""MegatronBert: an encoder of text."""

from __future__ import annotations

from transformers_export.models.bases import TextEncoderOnnxConfig


class MegatronBertOnnxConfig(TextEncoderOnnxConfig):
    """Token ids, mask and token types."""
