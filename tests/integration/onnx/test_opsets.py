"""Every opset that can be asked for: the file computes what PyTorch does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
import pytest
import torch
import transformers

import onnx
from transformers_export import tiny
from transformers_export.onnx import FeaturesManager, export, opsets

if TYPE_CHECKING:
    from pathlib import Path

HIGHEST = opsets.highest("dynamo", 99)


def difference(model_type: str, feature: str, path: Path, opset: int, exporter: str) -> float:
    """The largest difference of the logits beside the largest logit, at a batch and a length that were not captured."""
    config = tiny.shrink(tiny.start(type(transformers.AutoConfig.for_model(model_type))))
    auto = FeaturesManager.get_model_class_for_feature(feature, model_type=model_type)
    model: Any = tiny.build_model(auto, config)
    onnx_config = FeaturesManager.get_config(model_type, feature)(model.config)
    export(tiny.make_preprocessor(model.config, model), model, onnx_config, opset, path, exporter=exporter)
    ids = torch.randint(5, 90, (3, 11), generator=torch.Generator().manual_seed(1))
    ids[:, -1] = 1
    mask = torch.ones_like(ids)
    mask[0, 8:] = 0
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": torch.zeros_like(ids)}
    given |= {"decoder_input_ids": ids[:, :4], "decoder_attention_mask": torch.ones_like(ids[:, :4])}
    taken = {value.name: given[value.name] for value in session.get_inputs()}
    with torch.no_grad():
        expected = model(**taken).logits.numpy()
    actual = session.run(["logits"], {name: tensor.numpy() for name, tensor in taken.items()})[0]
    keep = mask.bool().numpy() if expected.shape[:2] == tuple(mask.shape) else ...
    return float(np.abs(actual - expected)[keep].max() / np.abs(expected[keep]).max())


@pytest.mark.parametrize(
    ("model_type", "opset"), [("llama", 23), ("qwen2", 23), ("llama", HIGHEST)], ids=["llama", "qwen2", "llama-highest"]
)
def test_rotary_embeddings_as_one_operator_take_any_batch(model_type: str, opset: int, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    assert difference(model_type, "causal-lm", path, opset, "dynamo") < 1e-5
    assert {entry.version for entry in onnx.load(path).opset_import if not entry.domain} == {opset}


@pytest.mark.parametrize("model_type", ["t5", "mt5"])
def test_whole_numbers_are_compared_below_opset_12(model_type: str, tmp_path: Path) -> None:
    assert difference(model_type, "seq2seq-lm", tmp_path / "model.onnx", 11, "legacy") < 1e-5


def test_the_highest_opset_is_what_is_installed() -> None:
    assert 23 <= HIGHEST <= onnx.defs.onnx_opset_version()
    assert opsets.highest("legacy", 99) == 20
