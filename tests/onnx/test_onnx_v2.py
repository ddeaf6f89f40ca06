"""The matrix of the ready-made configurations: every feature of each, exported and held against PyTorch.

In the upstream form, so that our own action reads it on our own pull requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import transformers

from transformers_export import tiny
from transformers_export.onnx import FeaturesManager, export, validate
from transformers_export.onnx.convert import default_opset
from transformers_export.onnx.exporters import EXPORTERS

if TYPE_CHECKING:
    from pathlib import Path

PYTORCH_EXPORT_MODELS = {
    ("albert", "AlbertConfig"),
    ("beit", "BeitConfig"),
    ("bert", "BertConfig"),
    ("big-bird", "BigBirdConfig"),
    ("camembert", "CamembertConfig"),
    ("convbert", "ConvBertConfig"),
    ("data2vec-text", "Data2VecTextConfig"),
    ("data2vec-vision", "Data2VecVisionConfig"),
    ("deberta", "DebertaConfig"),
    ("deberta-v2", "DebertaV2Config"),
    ("deit", "DeiTConfig"),
    ("distilbert", "DistilBertConfig"),
    ("electra", "ElectraConfig"),
    ("flaubert", "FlaubertConfig"),
    ("ibert", "IBertConfig"),
    ("layoutlm", "LayoutLMConfig"),
    ("mobilebert", "MobileBertConfig"),
    ("perceiver", "PerceiverConfig"),
    ("roberta", "RobertaConfig"),
    ("roformer", "RoFormerConfig"),
    ("squeezebert", "SqueezeBertConfig"),
    ("vit", "ViTConfig"),
    ("xlm", "XLMConfig"),
    ("xlm-roberta", "XLMRobertaConfig"),
    ("xlm-roberta-xl", "XLMRobertaXLConfig"),
}

PYTORCH_EXPORT_WITH_PAST_MODELS = {
    ("gpt-neo", "GPTNeoConfig"),
    ("gpt2", "GPT2Config"),
    ("gptj", "GPTJConfig"),
}

PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS = {
    ("bart", "BartConfig"),
    ("bigbird-pegasus", "BigBirdPegasusConfig"),
    ("blenderbot", "BlenderbotConfig"),
    ("blenderbot-small", "BlenderbotSmallConfig"),
    ("m2m-100", "M2M100Config"),
    ("marian", "MarianConfig"),
    ("mbart", "MBartConfig"),
    ("plbart", "PLBartConfig"),
    ("t5", "T5Config"),
}

MODELS = PYTORCH_EXPORT_MODELS | PYTORCH_EXPORT_WITH_PAST_MODELS | PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS

SHAPES = {"bart", "bert", "distilbert", "gpt2", "t5", "vit"}
"""One architecture of each shape: these are exported with dynamo here, at ten times the cost of legacy. The other
architectures with dynamo are in docs/pairs.md."""

CASES = [
    (exporter, model_type, configuration, feature)
    for exporter in EXPORTERS
    for model_type, configuration in sorted(MODELS)
    if exporter == "legacy" or model_type in SHAPES
    for feature in FeaturesManager.features_of(model_type)
]


def test_the_matrix_has_what_the_registry_has() -> None:
    assert sorted(model_type for model_type, _ in MODELS) == FeaturesManager.model_types()


@pytest.mark.parametrize(("exporter", "model_type", "configuration", "feature"), CASES)
def test_export(exporter: str, model_type: str, configuration: str, feature: str, tmp_path: Path) -> None:
    config = tiny.shrink(getattr(transformers, configuration)())
    model = tiny.build_model(FeaturesManager.get_model_class_for_feature(feature, model_type=model_type), config)
    preprocessor = tiny.make_preprocessor(config, model)
    onnx_config = FeaturesManager.get_config(model_type, feature)(model.config)
    opset = default_opset(onnx_config, exporter)
    output = tmp_path / "model.onnx"

    inputs, outputs = export(preprocessor, model, onnx_config, opset, output, exporter=exporter)

    assert set(inputs) == set(onnx_config.inputs)
    assert outputs == list(onnx_config.outputs)
    report = validate(onnx_config, preprocessor, model, output, opset=opset)
    assert [check for check in report.checks if check.outcome != "passed"] == []
    assert ("past" in {check.name for check in report.checks}) == feature.endswith("-with-past")
