"""ViTPose: images of one size, each of one body, as maps of where its joints are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.models.bases import ImageOnnxConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes


class VitPoseOnnxConfig(ImageOnnxConfig):
    """Pixel values."""

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """A map for each joint."""
        return {"heatmaps": {0: "batch"}}
