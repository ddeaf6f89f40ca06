"""RT-DETR: images of one size."""

from __future__ import annotations

from transformers_export.models.bases import ImageOnnxConfig


class RTDetrOnnxConfig(ImageOnnxConfig):
    """Pixel values."""
