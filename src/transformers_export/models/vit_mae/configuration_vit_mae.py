"""ViTMAE: images of one size, partly hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.models.bases import ImageOnnxConfig
from transformers_export.onnx import dummy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes


class ViTMAEOnnxConfig(ImageOnnxConfig):
    """Pixel values, and the noise that says which patches are hidden."""

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """Pixel values and a value for each patch; the largest are hidden."""
        return {**super().inputs, "noise": {0: "batch"}}

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make images, and noise at random."""
        made = dict(super().generate_dummy_inputs(preprocessor, *args, **kwargs))
        patches = (self._config.image_size // self._config.patch_size) ** 2
        made["noise"] = dummy.pair((len(made["pixel_values"]), patches))[0]
        return made
