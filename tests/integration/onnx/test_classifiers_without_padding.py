"""Classifiers whose checkpoint names no padding token: the file computes what PyTorch computes, one row at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
import transformers

from transformers_export import tiny
from transformers_export.onnx import files
from transformers_export.onnx.command import main
from transformers_export.onnx.validation.runs import open_session, run_graph
from transformers_export.torchscript import load
from transformers_export.torchscript.command import main as trace

if TYPE_CHECKING:
    from pathlib import Path

    import numpy

_DECODERS = ("GPT2Config", "LlamaConfig", "OpenAIGPTConfig", "BloomConfig")
_EXPORTERS = [*((name, "legacy") for name in _DECODERS), ("GPT2Config", "dynamo"), ("Qwen2Config", "dynamo")]


def _save(config: str, directory: Path) -> Any:
    shrunk = tiny.shrink(getattr(transformers, config)())
    shrunk.pad_token_id = None
    shrunk.eos_token_id = None
    model = tiny.build_model(transformers.AutoModelForSequenceClassification, shrunk).eval()
    tiny.save_checkpoint(model, tiny.make_preprocessor(shrunk, model), directory)
    return model


def _logits(path: Path, tokens: torch.Tensor) -> numpy.ndarray:
    given = {"input_ids": tokens.numpy(), "attention_mask": torch.ones_like(tokens).numpy()}
    session = open_session(files.read_message(path), path.parent)
    return run_graph(session, given)["logits"]


def _by_pytorch(model: Any, tokens: torch.Tensor) -> numpy.ndarray:
    with torch.no_grad():
        return model(tokens, attention_mask=torch.ones_like(tokens)).logits.numpy()


@pytest.mark.parametrize(("config", "exporter"), _EXPORTERS)
def test_a_row_that_ends_in_token_0_gets_the_class_that_pytorch_gives(
    config: str, exporter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = _save(config, tmp_path / "checkpoint")
    arguments = ["--model", str(tmp_path / "checkpoint"), "--feature", "sequence-classification"]
    code = main([*arguments, "--exporter", exporter, str(tmp_path / "model.onnx")])
    said = capsys.readouterr()
    assert code == 0, said
    assert "the batch is fixed to 1. --pad-token-id N makes the batch variable" in said.out
    for row in ([5, 9, 3, 7], [5, 9, 3, 0], [5, 9, 0, 0, 0]):
        tokens = torch.tensor([row])
        assert abs(_logits(tmp_path / "model.onnx", tokens) - _by_pytorch(model, tokens)).max() < 1e-4
    assert main(["validate", str(tmp_path / "model.onnx"), *arguments]) == 0


@pytest.mark.parametrize("config", ["LlamaConfig", "Qwen2Config"])
def test_a_trace_computes_one_row_as_pytorch_does(config: str, tmp_path: Path) -> None:
    model = _save(config, tmp_path / "checkpoint")
    arguments = ["--model", str(tmp_path / "checkpoint"), "--feature", "sequence-classification"]
    assert trace([*arguments, str(tmp_path / "out")]) == 0
    traced = load(tmp_path / "out")
    for row in ([5, 9, 3, 7], [5, 9, 3, 0], [5, 9, 0, 0, 0]):
        tokens = torch.tensor([row])
        found = traced(input_ids=tokens, attention_mask=torch.ones_like(tokens))["logits"]
        assert abs(found.numpy() - _by_pytorch(model, tokens)).max() < 1e-5


@pytest.mark.parametrize("config", ["GPT2Config", "LlamaConfig"])
def test_a_padding_token_that_is_asked_for_makes_the_batch_variable(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = _save(config, tmp_path / "checkpoint")
    arguments = ["--model", str(tmp_path / "checkpoint"), "--feature", "sequence-classification"]
    code = main([*arguments, "--exporter", "legacy", "--pad-token-id", "4", str(tmp_path / "model.onnx")])
    said = capsys.readouterr()
    assert code == 0, said
    assert "The padding token is 4, as --pad-token-id says." in said.out
    model.config.pad_token_id = 4
    tokens = torch.tensor([[5, 9, 3, 0], [5, 9, 4, 4], [7, 0, 3, 4]])
    assert abs(_logits(tmp_path / "model.onnx", tokens) - _by_pytorch(model, tokens)).max() < 1e-4
