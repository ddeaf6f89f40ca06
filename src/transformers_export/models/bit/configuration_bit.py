"""BiT: images of one size."""

from __future__ import annotations

from transformers_export.models.bases import ImageOnnxConfig


class BitOnnxConfig(ImageOnnxConfig):
    """Pixel values."""

    @property
    def atol_for_validation(self) -> float:
        """Images of pixels: rounding adds up over the convolutions."""
        return 1e-4
