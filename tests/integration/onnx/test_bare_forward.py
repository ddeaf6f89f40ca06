"""Models whose `forward()` takes its inputs and nothing else, and returns what its author liked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from support import small_decoders
from support.small_decoders import WrenOnnxConfig, small
from transformers_export import tiny
from transformers_export.onnx import export, validate
from transformers_export.onnx.flat import OutputMissingError, prepared
from transformers_export.torchscript.given import declare

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ("Bare", "GivesTuple", "GivesDataclass", "GivesDictionary")


@pytest.mark.parametrize(
    ("kind", "exporter", "use_past"),
    [
        *((kind, "legacy", True) for kind in KINDS),
        ("GivesDataclass", "dynamo", True),
        ("GivesTuple", "dynamo", False),
        ("GivesTensor", "legacy", False),
    ],
)
def test_it_is_exported_and_validated(kind: str, exporter: str, use_past: bool, tmp_path: Path) -> None:
    model = small(getattr(small_decoders, kind))
    config = WrenOnnxConfig(model.config, task="causal-lm", use_past=use_past)
    tokenizer = tiny.make_preprocessor(model.config, model)
    path = tmp_path / "model.onnx"
    export(tokenizer, model, config, 18, path, exporter=exporter)
    report = validate(config, tokenizer, model, path, opset=18)
    assert [check for check in report.checks if check.outcome != "passed"] == []
    assert ("past" in {check.name for check in report.checks}) == use_past


def test_a_tuple_too_short_is_said() -> None:
    model = small(small_decoders.GivesTensor)
    config = WrenOnnxConfig(model.config, task="causal-lm", use_past=True)
    ids = torch.ones(1, 2, dtype=torch.long)
    with prepared(model, config) as flat, pytest.raises(OutputMissingError, match="present"):
        flat._flatten(flat.call({"input_ids": ids}))


@pytest.mark.parametrize(("kind", "names"), [("GivesTensor", ["output_0"]), ("GivesDictionary", ["logits"])])
def test_what_tensors_at_hand_give_is_named(kind: str, names: list[str]) -> None:
    model = small(getattr(small_decoders, kind))
    assert list(declare(model, {"input_ids": torch.ones(1, 2, dtype=torch.long)}).outputs) == names
