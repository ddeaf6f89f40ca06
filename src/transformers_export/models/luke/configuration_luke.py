"""Luke: an encoder of text."""

from __future__ import annotations

from transformers_export.models.bases import TextEncoderOnnxConfig


class LukeOnnxConfig(TextEncoderOnnxConfig):
    """Token ids, mask and token types."""
