"""IJepa: images of one size."""

from __future__ import annotations

from transformers_export.models.bases import ImageOnnxConfig


class IJepaOnnxConfig(ImageOnnxConfig):
    """Pixel values."""
