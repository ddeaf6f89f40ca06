"""Youtu: a decoder with a latent cache."""

from __future__ import annotations

from transformers_export.models.bases import DecoderOnnxConfig


class YoutuOnnxConfig(DecoderOnnxConfig):
    """Token ids, past and mask."""
