"""Configurations that ask for tuples: parts that read each other's outputs by name are exported all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import onnxruntime
import pytest
import torch
import transformers

from transformers_export import tiny
from transformers_export.onnx import FeaturesManager, export

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("model_type", ["opt", "llama", "gpt2"])
def test_a_configuration_that_asks_for_tuples(model_type: str, tmp_path: Path) -> None:
    config = tiny.shrink(tiny.start(type(transformers.AutoConfig.for_model(model_type))))
    auto = FeaturesManager.get_model_class_for_feature("causal-lm", model_type=model_type)
    model: Any = tiny.build_model(auto, config)
    ids = torch.randint(5, 90, (3, 11), generator=torch.Generator().manual_seed(1))
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    with torch.no_grad():
        expected = model(**given).logits.numpy()
    model.config.return_dict = False
    onnx_config = FeaturesManager.get_config(model_type, "causal-lm")(model.config)
    preprocessor = tiny.make_preprocessor(model.config, model)

    export(preprocessor, model, onnx_config, 18, tmp_path / "model.onnx", exporter="legacy")

    assert model.config.return_dict is False
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    actual = session.run(["logits"], {name: tensor.numpy() for name, tensor in given.items()})[0]
    assert abs(actual - expected).max() < 1e-5 * abs(expected).max()
