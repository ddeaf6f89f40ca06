"""Past has the shapes that the model caches, whatever its configuration calls heads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
import transformers
from transformers.models.falcon import modeling_falcon

from support import small_decoders
from support.small_decoders import WrenOnnxConfig, small
from transformers_export import tiny
from transformers_export.models.falcon.alibi import biases
from transformers_export.onnx import FeaturesManager, export, validate
from transformers_export.onnx.inputs import template_inputs

if TYPE_CHECKING:
    from pathlib import Path

FEATURE = "causal-lm-with-past"
FALCON = {"vocab_size": 100, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "pad_token_id": 0}
FALCON |= {"bos_token_id": 1, "eos_token_id": 2}


def _model(model_type: str, config: Any) -> Any:
    return tiny.build_model(FeaturesManager.get_model_class_for_feature(FEATURE, model_type=model_type), config)


@pytest.mark.parametrize(
    ("kind", "heads"),
    [
        ({"new_decoder_architecture": True, "num_kv_heads": 2}, 4),
        ({"new_decoder_architecture": False, "multi_query": True}, 1),
        ({"new_decoder_architecture": False, "multi_query": False, "alibi": True}, 4),
        ({"new_decoder_architecture": True, "num_kv_heads": 2, "alibi": True}, 4),
    ],
)
def test_every_falcon_passes(kind: dict[str, Any], heads: int, tmp_path: Path) -> None:
    model = _model("falcon", transformers.FalconConfig(**FALCON, **kind))
    config = FeaturesManager.get_config("falcon", FEATURE)(model.config)
    tokenizer = tiny.make_preprocessor(model.config, model)
    assert template_inputs(config, tokenizer, model)["past_key_values.0.key"].shape[1] == heads
    path = tmp_path / "model.onnx"
    export(tokenizer, model, config, 18, path, exporter="legacy")
    report = validate(config, tokenizer, model, path, opset=18)
    assert [check for check in report.checks if check.outcome != "passed"] == []


@pytest.mark.parametrize("heads", [1, 2, 6, 8, 71])
def test_biases_are_those_of_falcon_to_the_bit(heads: int) -> None:
    mask = torch.ones(2, 700, dtype=torch.long)
    mask[0, :30] = 0
    assert torch.equal(
        biases(mask, heads, torch.float32), modeling_falcon.build_alibi_tensor(mask, heads, torch.float32)
    )


@pytest.mark.parametrize("model_type", ["deepseek-v3", "minicpm3"])
def test_a_compressed_cache_is_found_by_running(model_type: str) -> None:
    name = {"deepseek-v3": "DeepseekV3Config", "minicpm3": "MiniCPM3Config"}[model_type]
    model = _model(model_type, tiny.shrink(tiny.start(getattr(transformers, name))))
    config = FeaturesManager.get_config(model_type, FEATURE)(model.config)
    made = template_inputs(config, tiny.make_preprocessor(model.config, model), model)
    of_all = model.config.kv_lora_rank, model.config.qk_rope_head_dim
    found = [made[f"past_key_values.0.{part}"].shape for part in ("key", "value")]
    assert [(each[1], each[3]) for each in found] == [(1, size) for size in of_all]


def test_a_wrong_number_of_heads_does_not_matter() -> None:
    class Wrong(WrenOnnxConfig):
        num_attention_heads = 7

    model = small(small_decoders.NewName)
    config = Wrong(model.config, task="causal-lm", use_past=True)
    made = template_inputs(config, tiny.make_preprocessor(model.config, model), model)
    assert made["past_key_values.0.key"].shape[1] == 2
