"""Table Transformer: images of one size."""

from __future__ import annotations

from transformers_export.models.bases import MaskedImageOnnxConfig


class TableTransformerOnnxConfig(MaskedImageOnnxConfig):
    """Pixel values and their mask."""
