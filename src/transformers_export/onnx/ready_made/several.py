"""Ready-made: models of two kinds of input, and of neither text, image nor sound."""

from __future__ import annotations

from transformers_export.onnx.features import FeaturesManager

_IMAGE = (
    "default",
    "image-classification",
)

FeaturesManager.register(
    "chinese-clip",
    "default",
    onnx_config="transformers_export.models.chinese_clip.configuration_chinese_clip.ChineseCLIPOnnxConfig",
)
FeaturesManager.register(
    "clip",
    *_IMAGE,
    onnx_config="transformers_export.models.clip.configuration_clip.CLIPOnnxConfig",
)
FeaturesManager.register(
    "groupvit",
    "default",
    onnx_config="transformers_export.models.groupvit.configuration_groupvit.GroupViTOnnxConfig",
)
FeaturesManager.register(
    "metaclip-2",
    *_IMAGE,
    onnx_config="transformers_export.models.metaclip_2.configuration_metaclip_2.MetaClip2OnnxConfig",
)
FeaturesManager.register(
    "owlv2",
    "default",
    onnx_config="transformers_export.models.owlv2.configuration_owlv2.Owlv2OnnxConfig",
)
FeaturesManager.register(
    "owlvit",
    "default",
    onnx_config="transformers_export.models.owlvit.configuration_owlvit.OwlViTOnnxConfig",
)
FeaturesManager.register(
    "perceiver",
    "image-classification",
    "masked-lm",
    "sequence-classification",
    onnx_config="transformers_export.models.perceiver.configuration_perceiver.PerceiverOnnxConfig",
)
FeaturesManager.register(
    "siglip",
    *_IMAGE,
    onnx_config="transformers_export.models.siglip.configuration_siglip.SiglipOnnxConfig",
)
