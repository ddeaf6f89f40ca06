"""The examples of the guide that transformers.onnx came with, step by step, on a small checkpoint.

Where ours differ (opset, DistilBERT's features), docs/migration.md has a line for it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import pytest
from onnxruntime import InferenceSession
from transformers import AutoModel, AutoTokenizer, DistilBertConfig

import onnx
from support.repositories import ROOT
from transformers_export import tiny
from transformers_export.models.distilbert.configuration_distilbert import DistilBertOnnxConfig
from transformers_export.onnx import FeaturesManager, OnnxConfig, export, validate_model_outputs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class GuideOnnxConfig(OnnxConfig):
    """The guide's own DistilBertOnnxConfig, to the letter."""

    @property
    def inputs(self) -> Mapping[str, Mapping[int, str]]:
        return OrderedDict(
            [
                ("input_ids", {0: "batch", 1: "sequence"}),
                ("attention_mask", {0: "batch", 1: "sequence"}),
            ]
        )


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("guide") / "distilbert-base-uncased"
    config = tiny.shrink(DistilBertConfig())
    model = tiny.build_model(AutoModel, config)
    tiny.save_checkpoint(model, tiny.make_preprocessor(config, model), directory)
    return directory


def test_the_features_of_distilbert() -> None:
    features = list(FeaturesManager.get_supported_features_for_model_type("distilbert").keys())
    assert sorted(features) == sorted(
        [
            "default",
            "masked-lm",
            "sequence-classification",
            "multiple-choice",
            "token-classification",
            "question-answering",
        ]
    )
    migration = (ROOT / "docs" / "migration.md").read_text(encoding="utf-8")
    assert "| features of DistilBERT | the guide lists `causal-lm` | `multiple-choice`" in migration


@pytest.mark.parametrize("config_class", [DistilBertOnnxConfig, GuideOnnxConfig])
def test_inputs_outputs_and_opset(config_class: Any) -> None:
    onnx_config = config_class(DistilBertConfig())
    assert list(onnx_config.inputs) == ["input_ids", "attention_mask"]
    assert list(onnx_config.outputs) == ["last_hidden_state"]
    assert list(config_class(DistilBertConfig(), task="sequence-classification").outputs) == ["logits"]
    assert onnx_config.default_onnx_opset == 18
    migration = (ROOT / "docs" / "migration.md").read_text(encoding="utf-8")
    assert "| default opset | 11, and the guide prints `default_onnx_opset` as 11 | 18 |" in migration


@pytest.mark.parametrize("exporter", ["dynamo", "legacy"])
def test_export_check_validate_and_run(checkpoint: Path, tmp_path: Path, exporter: Any) -> None:
    onnx_path = tmp_path / "model.onnx"
    base_model = AutoModel.from_pretrained(checkpoint)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    onnx_config = GuideOnnxConfig(base_model.config)

    onnx_inputs, onnx_outputs = export(
        tokenizer, base_model, onnx_config, onnx_config.default_onnx_opset, onnx_path, exporter=exporter
    )
    assert (onnx_inputs, onnx_outputs) == (["input_ids", "attention_mask"], ["last_hidden_state"])

    onnx_model = onnx.load(onnx_path)
    onnx.checker.check_model(onnx_model)

    validate_model_outputs(onnx_config, tokenizer, base_model, onnx_path, onnx_outputs, onnx_config.atol_for_validation)

    session = InferenceSession(onnx_path)
    inputs = tokenizer("Using DistilBERT with ONNX Runtime!", return_tensors="np")
    (hidden,) = session.run(output_names=["last_hidden_state"], input_feed=dict(inputs))
    own = base_model(**tokenizer("Using DistilBERT with ONNX Runtime!", return_tensors="pt")).last_hidden_state
    assert hidden.shape == tuple(own.shape)
    assert abs(hidden - own.detach().numpy()).max() < 1e-4
