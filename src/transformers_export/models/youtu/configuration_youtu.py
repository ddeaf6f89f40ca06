"""Youtu: a decoder with a latent cache."""

from __future__ import annotations

from transformers_export.models.bases import LatentDecoderOnnxConfig


class YoutuOnnxConfig(LatentDecoderOnnxConfig):
    """Token ids, past and mask."""
