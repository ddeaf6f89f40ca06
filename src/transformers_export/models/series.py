"""What models of series of numbers share: bases as in `bases.py`, which has those of text and images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.onnx import dummy
from transformers_export.onnx.config import OnnxConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes


class SeriesOnnxConfig(OnnxConfig):
    """An encoder of `[batch, length, channels]` numbers, cut into patches; the model fixes the length."""

    needs_preprocessor = False

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """Past values, of which only the batch varies."""
        return {"past_values": {0: "batch"}}

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """The task's outputs; the number of patches is fixed with the length."""
        return {name: {0: "batch"} for name in super().outputs}

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Draw numbers: no preprocessor makes a series."""
        config = self._config
        shape = (self.default_batch_size, config.context_length, config.num_input_channels)
        return {"past_values": dummy.pair(shape)[0]}
