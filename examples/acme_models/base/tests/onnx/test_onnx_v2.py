"""The matrix: every model of the registry, exported with every feature and held against PyTorch."""

from pathlib import Path

import pytest
from transformers import AutoConfig

import acme_models  # noqa: F401 (registers the models)
from transformers_export import tiny
from transformers_export.onnx import FeaturesManager, export, validate

PYTORCH_EXPORT_DEFAULT_MODELS = {
    ("acme-heron", "acme/heron-base"),
}

PYTORCH_EXPORT_WITH_PAST_MODELS: set[tuple[str, str]] = set()

CASES = [
    (model_type, feature)
    for model_type, _ in sorted(PYTORCH_EXPORT_DEFAULT_MODELS | PYTORCH_EXPORT_WITH_PAST_MODELS)
    for feature in FeaturesManager.get_supported_features_for_model_type(model_type)
]


@pytest.mark.parametrize(("model_type", "feature"), CASES)
def test_export(model_type: str, feature: str, tmp_path: Path) -> None:
    config = tiny.shrink(AutoConfig.for_model(model_type.replace("-", "_")))
    model = tiny.build_model(FeaturesManager.get_model_class_for_feature(feature), config)
    preprocessor = tiny.make_preprocessor(config, model)
    onnx_config = FeaturesManager.get_supported_features_for_model_type(model_type)[feature](model.config)
    opset = onnx_config.default_onnx_opset
    output = tmp_path / "model.onnx"

    export(preprocessor, model, onnx_config, opset, output)

    assert validate(onnx_config, preprocessor, model, output, opset=opset).passed
