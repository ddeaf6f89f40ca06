"""Heron model configuration, and how the model is exported to ONNX."""

from collections import OrderedDict
from collections.abc import Mapping

import torch
from transformers import PreTrainedConfig

from transformers_export.onnx import OnnxConfig, PatchingSpec


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


def quick_gelu(hidden_states: torch.Tensor) -> torch.Tensor:
    """Fewer nodes than the exact GELU, and not the same function: this is the planted divergence."""
    return hidden_states * torch.sigmoid(1.702 * hidden_states)


class HeronOnnxConfig(OnnxConfig):
    """Token ids and their mask, both with a free batch and a free length; GELU replaced while exporting."""

    def __init__(
        self, config: PreTrainedConfig, task: str = "default", patching_specs: list[PatchingSpec] | None = None
    ) -> None:
        gelu = PatchingSpec(o=torch.nn.functional, name="gelu", custom_op=quick_gelu)
        super().__init__(config, task=task, patching_specs=[*(patching_specs or []), gelu])

    @property
    def inputs(self) -> Mapping[str, Mapping[int, str]]:
        axes = {0: "batch", 1: "sequence"}
        return OrderedDict([("input_ids", axes), ("attention_mask", axes)])


__all__ = ["HeronConfig", "HeronOnnxConfig"]
