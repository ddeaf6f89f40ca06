"""MGP-STR: text in images of one size, read as characters and as two kinds of pieces of words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.models.bases import ImageOnnxConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes


class MgpstrOnnxConfig(ImageOnnxConfig):
    """Pixel values."""

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """Scores of characters, of byte pairs and of word pieces, in this order."""
        return {f"logits.{place}": {0: "batch"} for place in range(3)}
