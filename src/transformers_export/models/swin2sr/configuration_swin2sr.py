"""Swin2SR: images of one size."""

from __future__ import annotations

from transformers_export.models.bases import ImageOnnxConfig


class Swin2SROnnxConfig(ImageOnnxConfig):
    """Pixel values."""
