"""Checkpoints in float16: exported in their type, held to its tolerance, beside PyTorch in float32."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
import transformers

from transformers_export import tiny
from transformers_export.onnx.command import main

if TYPE_CHECKING:
    from pathlib import Path

FAR = 2e-2


def _saved(model: transformers.PreTrainedModel, directory: Path) -> Path:
    tiny.save_checkpoint(model.half(), tiny.make_preprocessor(model.config, model), directory)
    return directory


def _export(checkpoint: Path, feature: str, exporter: str, out: Path) -> int:
    return main(["--model", str(checkpoint), "--feature", feature, "--exporter", exporter, str(out)])


def _outputs(file: Path, inputs: dict[str, torch.Tensor]) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    first, *_ = session.run(None, {name: tensor.numpy() for name, tensor in inputs.items()})
    return first


@pytest.mark.parametrize("exporter", ["legacy", "dynamo"])
def test_untrained_bert_in_float16_needs_no_tolerance(exporter: str, tmp_path: Path) -> None:
    # As transformers draws it: its inputs move the outputs by less than the tolerance of float16.
    torch.manual_seed(0)
    model = transformers.BertForSequenceClassification(
        transformers.BertConfig(
            vocab_size=100, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64
        )
    ).eval()
    assert _export(_saved(model, tmp_path / "bert"), "sequence-classification", exporter, tmp_path) == 0
    ids = torch.arange(18).reshape(2, 9) + 20
    mask = torch.ones_like(ids)
    mask[0, 6:] = 0
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": torch.zeros_like(ids)}
    got = _outputs(tmp_path / "model.onnx", inputs)
    assert got.dtype == np.float16
    with torch.no_grad():
        expected = model.float()(**inputs).logits.numpy()
    assert np.abs(got - expected).max() < FAR / 10


@pytest.mark.parametrize(
    ("name", "feature", "taken"),
    [("gpt2", "causal-lm", "input_ids"), ("vit", "image-classification", "pixel_values")],
)
def test_other_models_in_float16_need_no_tolerance(name: str, feature: str, taken: str, tmp_path: Path) -> None:
    config = tiny.shrink(transformers.AutoConfig.for_model(name))
    auto = {"causal-lm": "AutoModelForCausalLM", "image-classification": "AutoModelForImageClassification"}
    model = tiny.build_model(getattr(transformers, auto[feature]), config)
    assert _export(_saved(model, tmp_path / name), feature, "legacy", tmp_path) == 0
    if taken == "input_ids":
        ids = torch.arange(18).reshape(2, 9) + 20
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    else:
        side = model.config.image_size
        inputs = {taken: torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0)).half()}
    with torch.no_grad():
        full = {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in inputs.items()}
        expected = model.float()(**full).logits.numpy()
    apart = np.abs(_outputs(tmp_path / "model.onnx", inputs) - expected).max()
    assert apart < FAR * max(1.0, float(np.abs(expected).max()))


def test_a_tolerance_that_is_asked_for_holds_in_float16_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tiny.build_model(transformers.AutoModel, tiny.shrink(transformers.BertConfig()))
    checkpoint = _saved(model, tmp_path / "bert")
    assert main(["--model", str(checkpoint), "--exporter", "legacy", "--atol", "1e-6", str(tmp_path / "out")]) == 1
    assert "values failed" in capsys.readouterr().out
