"""Small decoders that compute something else beyond 64 tokens, and the configurations under which they do not."""

from __future__ import annotations

from typing import Any

import transformers

from support.traced import Small
from transformers_export import tiny
from transformers_export.onnx import FeaturesManager

SIZES = {
    "vocab_size": 100,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
LONGROPE = {"rope_type": "longrope", "rope_theta": 10000.0, "original_max_position_embeddings": 64}
LONGROPE |= {"short_factor": [1.0, 1.1, 1.2, 1.3], "long_factor": [1.0, 4.0, 8.0, 16.0]}
DYNAMIC = {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 4.0}
PLAIN = {"rope_type": "default", "rope_theta": 10000.0}
WITHOUT_LONG = {**LONGROPE, "long_factor": LONGROPE["short_factor"]}

WRONG: dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
    "mistral without its window": ("mistral", "MistralConfig", {"sliding_window": 64}, {"sliding_window": None}),
    "starcoder2 without its window": (
        *("starcoder2", "Starcoder2Config"),
        *({"sliding_window": 64}, {"sliding_window": None}),
    ),
    "phi3 without its long factors": (
        *("phi3", "Phi3Config"),
        *({"rope_parameters": LONGROPE, "original_max_position_embeddings": 64}, {"rope_parameters": WITHOUT_LONG}),
    ),
    "qwen2 without its long factors": (
        *("qwen2", "Qwen2Config"),
        *({"rope_parameters": LONGROPE}, {"rope_parameters": WITHOUT_LONG}),
    ),
    "llama that never stretches": (
        *("llama", "LlamaConfig"),
        *({"rope_parameters": DYNAMIC, "max_position_embeddings": 64}, {"rope_parameters": PLAIN}),
    ),
    "internlm3 that never stretches": (
        *("internlm3", "InternLM3Config"),
        *({"rope_parameters": DYNAMIC, "max_position_embeddings": 64}, {"rope_parameters": PLAIN}),
    ),
}
"""Model type, configuration, what it is, and what the file was made from."""


def right(name: str, feature: str, *changes: dict[str, Any]) -> Small:
    """The model that the file is held against, with changes to its configuration."""
    model_type, configuration, own, _ = WRONG[name]
    fields = SIZES | own
    for change in changes:
        fields |= change
    config = getattr(transformers, configuration)(**fields)
    model = tiny.build_model(FeaturesManager.get_model_class_for_feature(feature, model_type=model_type), config)
    made = FeaturesManager.get_config(model_type, feature)(model.config)
    return Small(model, tiny.make_preprocessor(config, model), made)


def wrong(name: str, feature: str) -> Small:
    """The same weights under the other configuration."""
    other = right(name, feature, WRONG[name][3])
    other.model.load_state_dict(right(name, feature).model.state_dict())
    return other
