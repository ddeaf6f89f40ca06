"""The features registry: which model is exported with which heads, and by which ONNX configuration."""

from transformers_export.onnx import FeaturesManager

FeaturesManager.register(
    "acme-heron",
    "default",
    "masked-lm",
    "sequence-classification",
    onnx_config="acme_models.heron.HeronOnnxConfig",
)
