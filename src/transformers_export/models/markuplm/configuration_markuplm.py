"""MarkupLM: an encoder of marked up text, with the path of tags to each token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.models.bases import TextEncoderOnnxConfig
from transformers_export.onnx import dummy

if TYPE_CHECKING:
    from collections.abc import Mapping


class MarkupLMOnnxConfig(TextEncoderOnnxConfig):
    """Token ids, paths `[batch, sequence, depth]` as tags and as places among equal tags, mask and token types."""

    input_names = ("input_ids", "xpath_tags_seq", "xpath_subs_seq", "attention_mask", "token_type_ids")

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make example inputs; tags and places are drawn from what the model has tables for."""
        config = self._config
        text = super().generate_dummy_inputs(preprocessor, *args, **kwargs)
        shape = (*text["input_ids"].shape, config.max_depth)
        return {
            **text,
            "xpath_tags_seq": dummy.whole_numbers(shape, config.max_xpath_tag_unit_embeddings),
            "xpath_subs_seq": dummy.whole_numbers(shape, config.max_xpath_subs_unit_embeddings),
        }
