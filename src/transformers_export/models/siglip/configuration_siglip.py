"""SiglipVision: images of one size."""

from __future__ import annotations

from transformers_export.models.bases import ImageOnnxConfig
from transformers_export.models.image_text import TwoTowersOnnxConfig


class SiglipOnnxConfig(TwoTowersOnnxConfig):
    """Texts and images."""

    text_names = ("input_ids",)


class SiglipVisionOnnxConfig(ImageOnnxConfig):
    """Pixel values."""
