"""TrOCR: a decoder of text that reads what an encoder says of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.models.bases import DecoderOnnxConfig
from transformers_export.onnx import dummy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes


class TrOCROnnxConfig(DecoderOnnxConfig):
    """Token ids, their mask and the encoder's states `[batch, patches, size]`."""

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """The decoder's, then the states."""
        return {**super().inputs, "encoder_hidden_states": {0: "batch", 1: "patches"}}

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make example ids, and states of eleven patches."""
        config = self._config
        text = super().generate_dummy_inputs(preprocessor, *args, **kwargs)
        size = getattr(config, "cross_attention_hidden_size", None) or config.d_model
        return {**text, "encoder_hidden_states": dummy.pair((text["input_ids"].shape[0], 11, size))[0]}
