"""BigBird: an encoder without token types, exported with full attention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.models.bases import TextEncoderOnnxConfig, full_attention

if TYPE_CHECKING:
    from collections.abc import Mapping


class BigBirdOnnxConfig(TextEncoderOnnxConfig):
    """Token ids and mask."""

    input_names = ("input_ids", "attention_mask")

    @property
    def values_override(self) -> Mapping[str, Any]:
        """Full attention: see `full_attention`."""
        return full_attention(super().values_override)
