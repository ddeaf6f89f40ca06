"""MaskFormer: images of one size, as masks of what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.models.bases import ImageOnnxConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes


class MaskFormerOnnxConfig(ImageOnnxConfig):
    """Pixel values."""

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """What each of the three parts ends with."""
        parts = ("encoder", "pixel_decoder", "transformer_decoder")
        return {f"{part}_last_hidden_state": {0: "batch"} for part in parts}
