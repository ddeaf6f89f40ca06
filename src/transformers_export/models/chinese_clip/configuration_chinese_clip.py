"""ChineseCLIPVision: images of one size."""

from __future__ import annotations

from transformers_export.models.bases import ImageOnnxConfig
from transformers_export.models.image_text import TwoTowersOnnxConfig


class ChineseCLIPOnnxConfig(TwoTowersOnnxConfig):
    """Texts and images."""

    text_names = ("input_ids", "attention_mask", "token_type_ids")


class ChineseCLIPVisionOnnxConfig(ImageOnnxConfig):
    """Pixel values."""
