"""Checkpoints whose special ids are beyond the vocabulary, negative, or several: exported, and equal to PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import onnxruntime
import pytest
import torch
import transformers

from transformers_export import tiny
from transformers_export.onnx.command import main

if TYPE_CHECKING:
    from pathlib import Path

ODD: dict[str, dict[str, Any]] = {
    "beyond": {"eos_token_id": 50256, "bos_token_id": 50256},
    "negative": {"eos_token_id": -1},
    "several": {"eos_token_id": [50256, 97, 98]},
}
CAUSAL = ("llama", "gpt2", "opt")


def _checkpoint(model_type: str, auto_class: Any, changes: dict[str, Any], directory: Path) -> Any:
    config = tiny.shrink(transformers.AutoConfig.for_model(model_type))
    model = tiny.build_model(auto_class, config)
    tiny.save_checkpoint(model, tiny.make_preprocessor(config, model), directory)
    saved = transformers.AutoConfig.from_pretrained(directory)
    for name, value in changes.items():
        setattr(saved, name, value)
    saved.save_pretrained(directory)
    return auto_class.from_pretrained(directory).eval()


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("model_type", CAUSAL)
def test_a_causal_model_with_odd_end_tokens_exports(
    model_type: str, odd: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = _checkpoint(model_type, transformers.AutoModelForCausalLM, ODD[odd], tmp_path / "checkpoint")
    arguments = ["--model", str(tmp_path / "checkpoint"), "--feature", "causal-lm", "--exporter", "legacy"]
    assert main([*arguments, str(tmp_path)]) == 0, capsys.readouterr()
    ids = torch.randint(3, 90, (3, 11), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    with torch.no_grad():
        expected = model(input_ids=ids, attention_mask=mask).logits.numpy()
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    (logits,) = session.run(["logits"], {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})
    assert abs(logits - expected).max() < 1e-4
