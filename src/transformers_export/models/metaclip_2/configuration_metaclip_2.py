"""MetaCLIP 2: texts and images."""

from __future__ import annotations

from transformers_export.models.image_text import TwoTowersOnnxConfig


class MetaClip2OnnxConfig(TwoTowersOnnxConfig):
    """Texts and images."""
