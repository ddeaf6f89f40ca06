"""D-FINE: images of one size."""

from __future__ import annotations

from transformers_export.models.bases import ImageOnnxConfig


class DFineOnnxConfig(ImageOnnxConfig):
    """Pixel values."""
