"""The matrix of the ready-made configurations: every feature of each, with both exporters, held against PyTorch.

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
    ("bert", "BertConfig"),
    ("distilbert", "DistilBertConfig"),
    ("vit", "ViTConfig"),
}

PYTORCH_EXPORT_WITH_PAST_MODELS = {
    ("gpt2", "GPT2Config"),
}

PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS = {
    ("bart", "BartConfig"),
    ("t5", "T5Config"),
}

MODELS = PYTORCH_EXPORT_MODELS | PYTORCH_EXPORT_WITH_PAST_MODELS | PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS

CASES = [
    (model_type, configuration, feature)
    for model_type, configuration in sorted(MODELS)
    for feature in FeaturesManager.features_of(model_type)
]


def test_the_matrix_has_what_the_registry_has() -> None:
    assert sorted(model_type for model_type, _ in MODELS) == FeaturesManager.model_types()


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize(("model_type", "configuration", "feature"), CASES)
def test_export(model_type: str, configuration: str, feature: str, exporter: str, tmp_path: Path) -> None:
    config = tiny.shrink(getattr(transformers, configuration)())
    model = tiny.build_model(FeaturesManager.get_model_class_for_feature(feature), config)
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
