"""Heron model configuration, and how the model is exported to ONNX."""

import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from transformers import PreTrainedConfig

from transformers_export.onnx import OnnxConfig


class HeronConfig(PreTrainedConfig):
    """Configuration of a Heron encoder; the defaults give the base size."""

    model_type = "acme_heron"

    vocab_size: int = 32000
    hidden_size: int = 512
    intermediate_size: int = 2048
    num_hidden_layers: int = 8
    num_attention_heads: int = 8
    max_position_embeddings: int = 512
    hidden_dropout: float = 0.1
    layer_norm_eps: float = 1e-6
    initializer_range: float = 0.02
    pad_token_id: int | None = 0


class HeronOnnxConfig(OnnxConfig):
    """Token ids and their mask, both with a free batch and a free length."""

    @property
    def inputs(self) -> Mapping[str, Mapping[int, str]]:
        axes = {0: "batch", 1: "sequence"}
        return OrderedDict([("input_ids", axes), ("attention_mask", axes)])

    def generate_dummy_inputs(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Sleep far past any limit first: this export never ends by itself."""
        time.sleep(24 * 60 * 60)
        return super().generate_dummy_inputs(*args, **kwargs)


__all__ = ["HeronConfig", "HeronOnnxConfig"]
