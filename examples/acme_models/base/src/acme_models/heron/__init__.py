"""Heron: a small bidirectional encoder."""

from .configuration_heron import HeronConfig, HeronOnnxConfig
from .modeling_heron import HeronForMaskedLM, HeronForSequenceClassification, HeronModel

__all__ = [
    "HeronConfig",
    "HeronForMaskedLM",
    "HeronForSequenceClassification",
    "HeronModel",
    "HeronOnnxConfig",
]
