"""Nystromformer: an encoder of text."""

from __future__ import annotations

from transformers_export.models.bases import TextEncoderOnnxConfig


class NystromformerOnnxConfig(TextEncoderOnnxConfig):
    """Token ids, mask and token types."""
