"""Yolos: images of one size."""

from __future__ import annotations

from transformers_export.models.bases import ImageOnnxConfig


class YolosOnnxConfig(ImageOnnxConfig):
    """Pixel values."""
