"""Files that are wrong beyond a length of the configuration fail, by prefill and by decoding; right ones pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import transformers

from support import long_texts
from support.traced import Small
from transformers_export import tiny
from transformers_export.onnx import FeaturesManager, export, validate
from transformers_export.onnx.validate_command import main as validate_file

if TYPE_CHECKING:
    from pathlib import Path

    from transformers_export.onnx.validation.types import ValidationReport

OPSET = 18


def _export(made: Small, path: Path) -> None:
    export(made.preprocessor, made.model, made.config, OPSET, path, exporter="legacy")


def _validate(made: Small, path: Path, **options: Any) -> ValidationReport:
    return validate(made.config, made.preprocessor, made.model, path, **options)


def _not_passed(report: ValidationReport) -> set[str]:
    return {check.name for check in report.checks if check.outcome != "passed"}


@pytest.mark.parametrize("name", long_texts.WRONG)
def test_a_file_that_is_wrong_beyond_a_length_fails(name: str, tmp_path: Path) -> None:
    right, path = long_texts.right(name, "causal-lm-with-past"), tmp_path / "model.onnx"
    _export(long_texts.wrong(name, "causal-lm-with-past"), path)
    assert _not_passed(_validate(right, path)) == {"values", "past"}
    report = _validate(right, path, max_length=60)
    assert report.passed
    assert "verified up to a length of 37 tokens" in report.unverified
    assert "64 (" in report.unverified
    assert "--max-length 66" in next(check.detail for check in report.checks if check.name == "values")


@pytest.mark.parametrize("name", long_texts.WRONG)
def test_a_right_file_passes_beyond_it(name: str, tmp_path: Path) -> None:
    right, path = long_texts.right(name, "causal-lm-with-past"), tmp_path / "model.onnx"
    _export(right, path)
    report = _validate(right, path)
    assert _not_passed(report) == set()
    assert not report.unverified
    assert "across 64 tokens" in next(check.detail for check in report.checks if check.name == "past")


@pytest.mark.parametrize("name", ["mistral without its window", "phi3 without its long factors"])
def test_the_validate_command_tries_the_lengths_of_the_checkpoint(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    right = long_texts.right(name, "causal-lm")
    tiny.save_checkpoint(right.model, right.preprocessor, tmp_path / "checkpoint")
    _export(long_texts.wrong(name, "causal-lm"), tmp_path / "wrong.onnx")
    command = [str(tmp_path / "wrong.onnx"), "-m", str(tmp_path / "checkpoint"), "--feature", "causal-lm"]
    assert validate_file(command) == 1
    assert "input_ids 1×65" in capsys.readouterr().out
    assert validate_file([*command, "--max-length", "64"]) == 0
    assert "verified up to a length of 37 tokens" in capsys.readouterr().out


def test_a_length_that_takes_too_long_is_said_and_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers_export.onnx.validation import crossing

    monkeypatch.setattr(crossing, "_CHEAP", 0)
    monkeypatch.setattr(crossing, "_SECONDS", 0.0)
    right, path = long_texts.right("mistral without its window", "causal-lm"), tmp_path / "model.onnx"
    _export(right, path)
    report = _validate(right, path)
    assert report.passed
    assert "64 (sliding_window)" in report.unverified
    assert not _validate(right, path, max_length=66).unverified


@pytest.mark.parametrize(
    ("model_type", "configuration", "length"),
    [("bert", "BertConfig", 128), ("gpt2", "GPT2Config", 144), ("roberta", "RobertaConfig", 126)],
)
def test_a_table_of_positions_is_filled_and_no_more(
    model_type: str, configuration: str, length: int, tmp_path: Path
) -> None:
    config = tiny.shrink(getattr(transformers, configuration)())
    model = tiny.build_model(FeaturesManager.get_model_class_for_feature("default", model_type=model_type), config)
    made = FeaturesManager.get_config(model_type, "default")(model.config)
    right = Small(model, tiny.make_preprocessor(config, model), made)
    _export(right, tmp_path / "model.onnx")
    report = _validate(right, tmp_path / "model.onnx")
    assert report.passed
    assert f"input_ids 1×{length}" in next(check.detail for check in report.checks if check.name == "values")


@pytest.mark.parametrize(
    ("model_type", "configuration"), [("m2m-100", "M2M100Config"), ("speech-to-text", "Speech2TextConfig")]
)
def test_a_table_that_only_pytorch_makes_longer_is_said(model_type: str, configuration: str, tmp_path: Path) -> None:
    config = tiny.shrink(tiny.start(getattr(transformers, configuration)))
    model = tiny.build_model(FeaturesManager.get_model_class_for_feature("default", model_type=model_type), config)
    made = FeaturesManager.get_config(model_type, "default")(model.config)
    right = Small(model, tiny.make_preprocessor(config, model), made)
    _export(right, tmp_path / "model.onnx")
    report = _validate(right, tmp_path / "model.onnx")
    assert report.passed
    assert "the graph takes no text longer than 144" in report.unverified
