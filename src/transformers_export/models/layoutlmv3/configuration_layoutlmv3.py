"""LayoutLMv3: an encoder of text, of where each word stands, and of the page's image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.models.bases import TextEncoderOnnxConfig
from transformers_export.onnx import dummy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes


class LayoutLMv3OnnxConfig(TextEncoderOnnxConfig):
    """Token ids, boxes and mask, and an image of one size, whose patches follow the tokens."""

    input_names = ("input_ids", "bbox", "attention_mask")

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """Every name of `input_names` with the task's axes, and pixel values of a fixed size."""
        return {**super().inputs, "pixel_values": {0: "batch"}}

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """As the task gives them; only token classification leaves the patches out."""
        if self.task == "token-classification":
            return super().outputs
        return {
            name: {axis: "sequence + patches" if label == "sequence" else label for axis, label in axes.items()}
            for name, axes in super().outputs.items()
        }

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make text with the tokenizer (a processor's own where it has one), boxes within the page, and an image."""
        config = self._config
        text = super().generate_dummy_inputs(getattr(preprocessor, "tokenizer", preprocessor), *args, **kwargs)
        shape = (self.default_batch_size, config.num_channels, config.input_size, config.input_size)
        boxes = dummy.boxes(text["input_ids"].shape, config.max_2d_position_embeddings)
        return {**text, "bbox": boxes, "pixel_values": dummy.pair(shape)[0]}
