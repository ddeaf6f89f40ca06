"""Magpie model configuration, and how the model is exported to ONNX."""

from collections import OrderedDict
from collections.abc import Mapping

from transformers import PreTrainedConfig

from transformers_export.onnx import OnnxConfigWithPast


class MagpieConfig(PreTrainedConfig):
    """Configuration of a Magpie decoder; the defaults give the base size."""

    model_type = "acme_magpie"
    keys_to_ignore_at_inference = ["past_key_values"]  # noqa: RUF012 (transformers reads a plain list)

    vocab_size: int = 32000
    hidden_size: int = 512
    intermediate_size: int = 2048
    num_hidden_layers: int = 8
    num_attention_heads: int = 8
    max_position_embeddings: int = 1024
    hidden_dropout: float = 0.1
    rms_norm_eps: float = 1e-6
    initializer_range: float = 0.02
    use_cache: bool = True
    pad_token_id: int | None = 0
    bos_token_id: int | None = 1
    eos_token_id: int | list[int] | None = 2


class MagpieOnnxConfig(OnnxConfigWithPast):
    """Token ids and their mask; with past, the mask covers what the cache holds too."""

    @property
    def inputs(self) -> Mapping[str, Mapping[int, str]]:
        inputs = OrderedDict([("input_ids", {0: "batch", 1: "sequence"})])
        if self.use_past:
            self.fill_with_past_key_values_(inputs, direction="inputs")
            inputs["attention_mask"] = {0: "batch", 1: "past_sequence + sequence"}
        else:
            inputs["attention_mask"] = {0: "batch", 1: "sequence"}
        return inputs


__all__ = ["MagpieConfig", "MagpieOnnxConfig"]
