"""Plover model configuration. Nothing says yet how it would be exported."""

from transformers import PreTrainedConfig


class PloverConfig(PreTrainedConfig):
    """Configuration of a Plover encoder."""

    model_type = "acme_plover"

    vocab_size: int = 32000
    hidden_size: int = 256
    num_hidden_layers: int = 4
    num_attention_heads: int = 4


__all__ = ["PloverConfig"]
