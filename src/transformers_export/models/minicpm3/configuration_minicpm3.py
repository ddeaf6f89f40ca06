"""MiniCPM3: a decoder with a latent cache."""

from __future__ import annotations

from transformers_export.models.bases import DecoderOnnxConfig


class MiniCPM3OnnxConfig(DecoderOnnxConfig):
    """Token ids, past and mask."""
