"""OpenAI GPT: a decoder without a cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.models.bases import TextEncoderOnnxConfig, free_of_batch, takes_one_row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes


class OpenAIGPTOnnxConfig(TextEncoderOnnxConfig):
    """Token ids and mask."""

    input_names = ("input_ids", "attention_mask")

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """Token ids and mask; of one row where the model takes no more."""
        inputs = super().inputs
        if takes_one_row(self):
            return {name: free_of_batch(axes) for name, axes in inputs.items()}
        return inputs

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """The task's outputs; of one row where the model takes no more."""
        outputs = super().outputs
        if takes_one_row(self):
            return {name: free_of_batch(axes) for name, axes in outputs.items()}
        return outputs

    @property
    def default_batch_size(self) -> int:
        """One where the model takes no more rows."""
        return 1 if takes_one_row(self) else super().default_batch_size
