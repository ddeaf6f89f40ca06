"""SAM: masks of what points in an image point at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.models.bases import ImageOnnxConfig
from transformers_export.onnx import dummy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes


class SamOnnxConfig(ImageOnnxConfig):
    """Pixel values of one size; for each image some prompts, each of some points with their labels."""

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """Pixel values, points `[batch, prompts, points, 2]` in pixels and labels `[batch, prompts, points]`."""
        points = {0: "batch", 1: "prompts", 2: "points"}
        return {"pixel_values": {0: "batch"}, "input_points": dict(points), "input_labels": dict(points)}

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """Three masks for each prompt, and how good each is."""
        return {name: {0: "batch", 1: "prompts"} for name in ("iou_scores", "pred_masks")}

    @property
    def atol_for_validation(self) -> float:
        """The exporters differ by 1e-5 at the end of three networks; transformers.onnx had this for image encoders."""
        return 1e-4

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make an image, and prompts of points within it: to include (1), to leave out (0), padding (-1)."""
        made = super().generate_dummy_inputs(getattr(preprocessor, "image_processor", preprocessor), *args, **kwargs)
        shape = (made["pixel_values"].shape[0], 3, 5)
        points = dummy.whole_numbers((*shape, 2), self._config.vision_config.image_size).float()
        return {
            "pixel_values": made["pixel_values"],
            "input_points": points,
            "input_labels": dummy.whole_numbers(shape, 3) - 1,
        }
