"""What models made of two others share: an encoder of anything and a decoder of text, each with a graph of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.models.bases import DecoderOnnxConfig
from transformers_export.onnx import dummy
from transformers_export.onnx.config import OnnxConfigWithPast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes


class ReadingDecoderOnnxConfig(DecoderOnnxConfig):
    """Token ids, their mask and the encoder's states to logits, with past where asked for.

    The cache holds what the decoder's own tokens left; keys and values of the states are made anew at each step, so
    that one graph serves the first token as well.
    """

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """The decoder's, then the states."""
        return {**super().inputs, "encoder_hidden_states": {0: "batch", 1: "encoder_sequence"}}

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """Logits for the new tokens, then `present.*` with past."""
        return {**super().outputs, "logits": {0: "batch", 1: "sequence"}}

    @property
    def num_layers(self) -> int:
        """The decoder's, also where its model has an encoder of its own."""
        return int(getattr(self._config, "decoder_layers", self._config.num_hidden_layers))

    @property
    def num_attention_heads(self) -> int:
        """The decoder's, also where its model has an encoder of its own."""
        return int(getattr(self._config, "decoder_attention_heads", self._config.num_attention_heads))

    @property
    def head_dim(self) -> int:
        """Length of one key or value vector."""
        return int(self._config.hidden_size) // self.num_attention_heads

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make example ids, and eleven states.

        Where the two sizes differ the encoder's graph ends with the projection to the decoder's.
        """
        text = super().generate_dummy_inputs(preprocessor, *args, **kwargs)
        size = getattr(self._config, "cross_attention_hidden_size", None) or self._config.hidden_size
        shape = (text["input_ids"].shape[0], 11, size)
        return {**text, "encoder_hidden_states": dummy.pair(shape)[0]}


class DividedOnnxConfig(OnnxConfigWithPast):
    """The model as a whole, which has no graph of its own: `parts_of` gives the two that it is exported as."""

    encoder: type
    """OnnxConfig of the encoder's graph."""
    decoder: type
    """OnnxConfig of the decoder's."""

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """None of its own.

        Raises:
            ValueError: Always, with what to do.
        """
        raise ValueError(
            "This model is exported as two graphs: export each part of "
            "transformers_export.onnx.parts_of(model, config), or use get_encoder_config and get_decoder_config."
        )

    def get_encoder_config(self, encoder_config: Any) -> Any:
        """The configuration of the encoder's graph."""
        return self.encoder(encoder_config)

    def get_decoder_config(self, encoder_config: Any, decoder_config: Any, feature: str) -> Any:
        """The configuration of the decoder's graph.

        Args:
            encoder_config: The encoder's configuration.
            decoder_config: The decoder's configuration.
            feature: The task.
        """
        return self.decoder(decoder_config, feature, use_past=self.use_past)
