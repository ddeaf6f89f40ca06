"""CLIPVision: images of one size."""

from __future__ import annotations

from transformers_export.models.bases import ImageOnnxConfig
from transformers_export.models.image_text import TwoTowersOnnxConfig


class CLIPOnnxConfig(TwoTowersOnnxConfig):
    """Texts and images."""


class CLIPVisionOnnxConfig(ImageOnnxConfig):
    """Pixel values."""
