"""DINOv2 with registers: images of one size."""

from __future__ import annotations

from transformers_export.models.bases import ImageOnnxConfig


class Dinov2WithRegistersOnnxConfig(ImageOnnxConfig):
    """Pixel values."""
