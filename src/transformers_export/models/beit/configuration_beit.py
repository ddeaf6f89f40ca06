"""BEiT: images of one size."""

from __future__ import annotations

from transformers_export.models.bases import ImageOnnxConfig


class BeitOnnxConfig(ImageOnnxConfig):
    """Pixel values."""

    @property
    def atol_for_validation(self) -> float:
        """As transformers.onnx had it."""
        return 1e-4
