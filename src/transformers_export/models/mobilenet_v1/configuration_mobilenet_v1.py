"""MobileNetV1: images of one size."""

from __future__ import annotations

from transformers_export.models.bases import ImageOnnxConfig


class MobileNetV1OnnxConfig(ImageOnnxConfig):
    """Pixel values."""
