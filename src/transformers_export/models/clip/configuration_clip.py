"""CLIPVision: images of one size."""

from __future__ import annotations

from transformers_export.models.bases import ImageOnnxConfig


class CLIPVisionOnnxConfig(ImageOnnxConfig):
    """Pixel values."""
