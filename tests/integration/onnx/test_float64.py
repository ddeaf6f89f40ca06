"""Models in float64: the command makes float32 files that ONNX Runtime can run; from Python the type is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
import transformers

from transformers_export import tiny
from transformers_export.onnx import FeaturesManager, export
from transformers_export.onnx.command import main

if TYPE_CHECKING:
    from pathlib import Path

_HEADS = {
    "LlamaConfig": ("AutoModelForCausalLM", "causal-lm"),
    "GPT2Config": ("AutoModelForCausalLM", "causal-lm"),
    "BertConfig": ("AutoModelForTokenClassification", "token-classification"),
}
_TOKENS = torch.arange(21).reshape(3, 7) % 19 + 3
_MASK = torch.ones_like(_TOKENS)
_MASK[1, 5:] = 0


def _model(config: str) -> transformers.PreTrainedModel:
    head, _ = _HEADS[config]
    return tiny.build_model(getattr(transformers, head), tiny.shrink(getattr(transformers, config)())).double().eval()


def _logits(file: Path) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    given = {"input_ids": _TOKENS.numpy(), "attention_mask": _MASK.numpy()}
    if "token_type_ids" in [value.name for value in session.get_inputs()]:
        given["token_type_ids"] = np.zeros_like(given["input_ids"])
    return session.run(["logits"], given)[0]


def _gap(model: transformers.PreTrainedModel, found: np.ndarray) -> float:
    with torch.no_grad():
        expected = model(_TOKENS, attention_mask=_MASK).logits.numpy()
    return float(abs(found - expected)[_MASK.bool().numpy()].max())


@pytest.mark.parametrize(
    ("config", "exporter"), [("LlamaConfig", "dynamo"), *((config, "legacy") for config in _HEADS)]
)
def test_the_command_makes_a_file_in_float32_and_says_so(
    config: str, exporter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Of BERT, ONNX Runtime could not load the file in float64: it lacks Erf.
    model = _model(config)
    tiny.save_checkpoint(model, tiny.make_preprocessor(model.config, model), tmp_path / "checkpoint")
    arguments = ["--model", str(tmp_path / "checkpoint"), "--feature", _HEADS[config][1]]
    code = main([*arguments, "--exporter", exporter, str(tmp_path)])
    said = capsys.readouterr()
    assert code == 0, said
    assert "The checkpoint is in float64" in said.out
    found = _logits(tmp_path / "model.onnx")
    assert found.dtype == np.float32
    assert _gap(model, found) < 1e-5
    assert main(["validate", str(tmp_path / "model.onnx"), *arguments]) == 0


@pytest.mark.parametrize("config", ["LlamaConfig", "GPT2Config"])
def test_the_least_float64_stays_finite_in_the_graph(config: str, tmp_path: Path) -> None:
    # Masks are filled with it. As float32 it is minus infinity, which times zero is NaN.
    model = _model(config)
    onnx_config = FeaturesManager.get_config(model.config.model_type, "causal-lm")(model.config)
    export(tiny.make_preprocessor(model.config, model), model, onnx_config, 18, tmp_path / "model.onnx")
    found = _logits(tmp_path / "model.onnx")
    assert found.dtype == np.float64
    assert _gap(model, found) < 1e-5  # Llama rotates in float32
    tiny.save_checkpoint(model, tiny.make_preprocessor(model.config, model), tmp_path / "checkpoint")
    checkpoint = str(tmp_path / "checkpoint")
    assert main(["validate", str(tmp_path / "model.onnx"), "--model", checkpoint, "--feature", "causal-lm"]) == 0
