"""VisualBERT: an encoder of text and of regions of an image, which come as vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.models.bases import TextEncoderOnnxConfig
from transformers_export.onnx import dummy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes


class VisualBertOnnxConfig(TextEncoderOnnxConfig):
    """Token ids, mask and token types; vectors of regions with their own mask and types."""

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """The text's, then the regions' in `[batch, regions]`, vectors of a fixed length."""
        names = ("visual_embeds", "visual_attention_mask", "visual_token_type_ids")
        return {**super().inputs, **{name: {0: "batch", 1: "regions"} for name in names}}

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """One row for each token, then one for each region."""
        return {"last_hidden_state": {0: "batch", 1: "sequence + regions"}, "pooler_output": {0: "batch"}}

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make example inputs with five regions, the last of them masked."""
        text = super().generate_dummy_inputs(preprocessor, *args, **kwargs)
        shape = (text["input_ids"].shape[0], 5)
        mask = dummy.whole_numbers(shape, 1) + 1
        mask[:, -1] = 0
        return {
            **text,
            "visual_embeds": dummy.pair((*shape, self._config.visual_embedding_dim))[0],
            "visual_attention_mask": mask,
            "visual_token_type_ids": dummy.whole_numbers(shape, self._config.type_vocab_size),
        }
