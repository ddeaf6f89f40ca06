"""MiniCPM3: a decoder with a latent cache."""

from __future__ import annotations

from transformers_export.models.bases import LatentDecoderOnnxConfig


class MiniCPM3OnnxConfig(LatentDecoderOnnxConfig):
    """Token ids, past and mask."""
