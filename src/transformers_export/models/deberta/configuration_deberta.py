"""DeBERTa: an encoder, with token types where the model has any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.models.bases import TextEncoderOnnxConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes


class DebertaOnnxConfig(TextEncoderOnnxConfig):
    """Token ids and mask, and token types where the vocabulary of types is not empty: most checkpoints have none."""

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """As the checkpoint takes them."""
        typed = self._config.type_vocab_size > 0
        return {name: axes for name, axes in super().inputs.items() if typed or name != "token_type_ids"}
