"""Perceiver: text or images of one size, by the head, both under the name `inputs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.onnx.config import OnnxConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes


class PerceiverOnnxConfig(OnnxConfig):
    """Bytes of text with their mask, or pixels."""

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """Text `[batch, sequence]`; images `[batch, channels, height, width]`, of which only the batch varies."""
        if self.task == "image-classification":
            return {"inputs": {0: "batch"}}
        return {"inputs": {0: "batch", 1: "sequence"}, "attention_mask": {0: "batch", 1: "sequence"}}

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """Logits; the decoder asks for every position there can be, however long the text is."""
        return {name: {0: "batch"} for name in super().outputs}

    @property
    def atol_for_validation(self) -> float:
        """As transformers.onnx had it."""
        return 1e-4

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make example inputs under the model's name for them."""
        made = dict(super().generate_dummy_inputs(preprocessor, *args, **kwargs))
        main = "pixel_values" if "pixel_values" in made else "input_ids"
        return {"inputs": made.pop(main), **made}
