"""MarkupLM: an encoder of marked up text."""

from __future__ import annotations

from transformers_export.models.bases import TextEncoderOnnxConfig


class MarkupLMOnnxConfig(TextEncoderOnnxConfig):
    """Token ids, mask and token types; without paths every token has the padding path."""
