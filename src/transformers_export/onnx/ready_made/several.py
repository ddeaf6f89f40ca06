"""Ready-made: models of two kinds of input, and of neither text, image nor sound."""

from __future__ import annotations

from transformers_export.onnx.features import FeaturesManager

FeaturesManager.register(
    "perceiver",
    "image-classification",
    "masked-lm",
    "sequence-classification",
    onnx_config="transformers_export.models.perceiver.configuration_perceiver.PerceiverOnnxConfig",
)
