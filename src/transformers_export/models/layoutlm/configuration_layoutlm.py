"""LayoutLM: an encoder of text and of where each word stands on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.models.bases import TextEncoderOnnxConfig
from transformers_export.onnx import dummy

if TYPE_CHECKING:
    from collections.abc import Mapping


class LayoutLMOnnxConfig(TextEncoderOnnxConfig):
    """Token ids, boxes, mask and token types."""

    input_names = ("input_ids", "bbox", "attention_mask", "token_type_ids")

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make example inputs; a box is `left, top, right, bottom` within the page."""
        text = super().generate_dummy_inputs(preprocessor, *args, **kwargs)
        return {**text, "bbox": dummy.boxes(text["input_ids"].shape, self._config.max_2d_position_embeddings)}
