"""An encoder and a decoder of text, each a model of its own, in one: two graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from transformers_export.models.bases import TextEncoderOnnxConfig
from transformers_export.models.divided import DividedOnnxConfig, ReadingDecoderOnnxConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes


class EncoderDecoderEncoderOnnxConfig(TextEncoderOnnxConfig):
    """Token ids and their mask to states `[batch, sequence, size]`."""

    input_names = ("input_ids", "attention_mask")
    left_out: ClassVar[dict[str, str]] = {"token_type_ids": "the model as a whole hands its encoder none"}


class EncoderDecoderDecoderOnnxConfig(ReadingDecoderOnnxConfig):
    """Token ids, their mask, the states of a text and their mask to logits."""

    left_out: ClassVar[dict[str, str]] = {"token_type_ids": "the model as a whole hands its decoder none"}

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """The decoder's, the states, then the mask over those."""
        return {**super().inputs, "encoder_attention_mask": {0: "batch", 1: "encoder_sequence"}}

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make example ids, and eleven states that are all attended to."""
        made = super().generate_dummy_inputs(preprocessor, *args, **kwargs)
        shape = made["encoder_hidden_states"].shape[:2]
        return {**made, "encoder_attention_mask": made["attention_mask"].new_ones(shape)}


class EncoderDecoderOnnxConfig(DividedOnnxConfig):
    """The model as a whole."""

    encoder = EncoderDecoderEncoderOnnxConfig
    decoder = EncoderDecoderDecoderOnnxConfig
