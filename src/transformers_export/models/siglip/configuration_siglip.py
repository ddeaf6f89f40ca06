"""SiglipVision: images of one size."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from transformers_export.models.bases import ImageOnnxConfig
from transformers_export.models.image_text import TwoTowersOnnxConfig

if TYPE_CHECKING:
    from collections.abc import Mapping


class SiglipOnnxConfig(TwoTowersOnnxConfig):
    """Texts and images."""

    text_names = ("input_ids",)
    left_out: ClassVar[Mapping[str, str]] = {
        "attention_mask": "trained on texts padded to one length without a mask, and used like that"
    }


class SiglipVisionOnnxConfig(ImageOnnxConfig):
    """Pixel values."""
