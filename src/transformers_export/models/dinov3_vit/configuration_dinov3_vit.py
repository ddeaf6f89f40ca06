"""DINOv3ViT: images of one size."""

from __future__ import annotations

from transformers_export.models.bases import ImageOnnxConfig


class DINOv3ViTOnnxConfig(ImageOnnxConfig):
    """Pixel values."""
