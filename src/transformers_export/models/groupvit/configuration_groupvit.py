"""GroupViT: texts and images."""

from __future__ import annotations

from transformers_export.models.image_text import TwoTowersOnnxConfig


class GroupViTOnnxConfig(TwoTowersOnnxConfig):
    """Texts and images."""
