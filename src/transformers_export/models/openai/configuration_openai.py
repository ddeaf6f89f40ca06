"""OpenAI GPT: a decoder without a cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.models.bases import TextEncoderOnnxConfig, padding_token

if TYPE_CHECKING:
    from collections.abc import Mapping


class OpenAIGPTOnnxConfig(TextEncoderOnnxConfig):
    """Token ids and mask."""

    input_names = ("input_ids", "attention_mask")

    @property
    def values_override(self) -> Mapping[str, Any] | None:
        """A padding token for classification."""
        return padding_token(self, super().values_override)
