"""Acme's models. Importing this package registers them with transformers and with transformers_export."""

from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
)

from .heron import HeronConfig, HeronForMaskedLM, HeronForSequenceClassification, HeronModel, HeronOnnxConfig
from .magpie import MagpieConfig, MagpieForCausalLM, MagpieModel, MagpieOnnxConfig
from .onnx import features as features

AutoConfig.register("acme_heron", HeronConfig)
AutoModel.register(HeronConfig, HeronModel)
AutoModelForMaskedLM.register(HeronConfig, HeronForMaskedLM)
AutoModelForSequenceClassification.register(HeronConfig, HeronForSequenceClassification)

AutoConfig.register("acme_magpie", MagpieConfig)
AutoModel.register(MagpieConfig, MagpieModel)
AutoModelForCausalLM.register(MagpieConfig, MagpieForCausalLM)

__all__ = [
    "HeronConfig",
    "HeronForMaskedLM",
    "HeronForSequenceClassification",
    "HeronModel",
    "HeronOnnxConfig",
    "MagpieConfig",
    "MagpieForCausalLM",
    "MagpieModel",
    "MagpieOnnxConfig",
]
