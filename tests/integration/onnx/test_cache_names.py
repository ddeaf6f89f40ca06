"""Decoders that call their cache `cache`, `past_key_values`, or leave its name to an inner model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import transformers

from support import small_decoders
from support.small_decoders import Wren, WrenOnnxConfig, small
from transformers_export import tiny
from transformers_export.onnx import FeaturesManager, export, validate
from transformers_export.onnx.flat import prepared

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ("NewName", "NewNameOpen", "OldName", "OldNameOpen", "HandedOn")


def check(kind: str, exporter: str, path: Path) -> list[str]:
    model = small(getattr(small_decoders, kind))
    config = WrenOnnxConfig(model.config, task="causal-lm", use_past=True)
    tokenizer = tiny.make_preprocessor(model.config, model)
    inputs, _ = export(tokenizer, model, config, 18, path, exporter=exporter)
    report = validate(config, tokenizer, model, path, opset=18)
    assert [check for check in report.checks if check.outcome != "passed"] == []
    assert "past" in {check.name for check in report.checks}
    return inputs


@pytest.mark.parametrize("kind", KINDS)
def test_a_decoder_passes_whatever_it_calls_its_cache(kind: str, tmp_path: Path) -> None:
    past = ["past_key_values.0.key", "past_key_values.0.value"]
    first = kind in ("NewNameOpen", "OldNameOpen")
    expected = ["input_ids", *past, "attention_mask"] if first else ["input_ids", "attention_mask", *past]
    assert check(kind, "legacy", tmp_path / "model.onnx") == expected


def test_dynamo_passes_too(tmp_path: Path) -> None:
    check("NewNameOpen", "dynamo", tmp_path / "model.onnx")


@pytest.mark.parametrize("model_type", ["gpt2", "codegen"])
def test_the_order_of_inputs_is_the_same_on_every_version(model_type: str) -> None:
    config = tiny.shrink(
        tiny.start(getattr(transformers, {"gpt2": "GPT2Config", "codegen": "CodeGenConfig"}[model_type]))
    )
    feature = "causal-lm-with-past"
    model = tiny.build_model(FeaturesManager.get_model_class_for_feature(feature, model_type=model_type), config)
    with prepared(model, FeaturesManager.get_config(model_type, feature)(config)) as flat:
        names = [name.split(".")[0] for name in flat.input_names]
    assert list(dict.fromkeys(names)) == ["input_ids", "past_key_values", "attention_mask"]


def test_tokens_are_put_around_what_an_encoder_is_given_alone() -> None:
    for kind in ("NewName", "OldName"):
        model: Wren = small(getattr(small_decoders, kind))
        tokenizer = tiny.make_preprocessor(model.config, model)
        assert len(tokenizer("A B")["input_ids"]) == 2
