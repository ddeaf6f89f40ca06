"""Adapters: merged into their base where peft is installed, refused with what to do where it is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.matrix import SUPPORT, printed
from transformers_export.onnx import adapters
from transformers_export.onnx.command import main

if TYPE_CHECKING:
    from pathlib import Path


def test_the_file_computes_what_the_model_of_peft_computes(python_with_peft: Path) -> None:
    *exports, unmergeable = printed(python_with_peft, SUPPORT / "adapter_exports.py")
    assert [each["feature"] for each in exports] == ["causal-lm", "sequence-classification"]
    for each in exports:
        assert (each["code"], each["validated"], each["traced"]) == (0, 0, 0), each
        assert each["gap"] < 1e-5
        assert each["effect"] > 1e-2
        assert "it is merged into that model" in each["said"]
    assert unmergeable["code"] == 2
    assert "is an adapter of the kind PROMPT_TUNING, which changes inputs and not weights" in unmergeable["said"]


def _adapter(directory: Path, text: str) -> str:
    directory.mkdir()
    (directory / "adapter_config.json").write_text(text)
    return str(directory)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (json.dumps({"base_model_name_or_path": "acme/base"}), "is an adapter for 'acme/base', not a whole model."),
        (json.dumps({"base_model_name_or_path": None}), "does not name the model that it changes."),
        ("{", "Cannot read adapter_config.json"),
        ("[]", "Cannot read adapter_config.json"),
    ],
)
def test_an_adapter_that_cannot_be_merged_says_what_to_do(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(adapters, "find_spec", lambda _name: None)
    assert main(["--model", _adapter(tmp_path / "adapter", text), str(tmp_path / "out")]) == 2
    assert said in capsys.readouterr().err
