"""Acme's models. Importing this package registers them with transformers and with transformers_export."""

from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, AutoModelForSequenceClassification

from .heron import HeronConfig, HeronForMaskedLM, HeronForSequenceClassification, HeronModel, HeronOnnxConfig
from .onnx import features as features

AutoConfig.register("acme_heron", HeronConfig)
AutoModel.register(HeronConfig, HeronModel)
AutoModelForMaskedLM.register(HeronConfig, HeronForMaskedLM)
AutoModelForSequenceClassification.register(HeronConfig, HeronForSequenceClassification)

__all__ = [
    "HeronConfig",
    "HeronForMaskedLM",
    "HeronForSequenceClassification",
    "HeronModel",
    "HeronOnnxConfig",
]
