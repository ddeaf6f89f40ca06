"""RoFormer: an encoder with token types."""

from __future__ import annotations

from transformers_export.models.bases import TextEncoderOnnxConfig


class RoFormerOnnxConfig(TextEncoderOnnxConfig):
    """Token ids, mask and token types."""
