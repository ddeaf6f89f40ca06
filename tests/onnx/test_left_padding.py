"""Prompts of different lengths, padded on the left and decoded through the file, give what `generate()` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
import pytest
import torch
import transformers

from support.architectures import part_of
from transformers_export import tiny
from transformers_export.cases.providers import configuration_class
from transformers_export.onnx import FeaturesManager, export, positions, validate
from transformers_export.onnx.convert import default_opset

if TYPE_CHECKING:
    from pathlib import Path

FEATURE = "causal-lm-with-past"
STEPS = 4
ALWAYS = {"gpt2", "llama", "gptj", "falcon"}
"""Learned, rotary (two layouts), and ALiBi or rotary positions. Of the others a part is run in turn."""


def _decoders() -> set[str]:
    known = FeaturesManager.model_types()
    return {name for name in known if FEATURE in FeaturesManager.features_of(name) and _decodes(name)}


def _decodes(model_type: str) -> bool:
    return not getattr(tiny.start(configuration_class(model_type)), "is_encoder_decoder", False)


DECODERS = _decoders()


@pytest.mark.parametrize("model_type", sorted({*ALWAYS, *part_of(DECODERS - ALWAYS, parts=24)}))
def test_a_padded_prompt_is_continued_as_generate_does(model_type: str, tmp_path: Path) -> None:
    compare(model_type, "legacy", tmp_path / "model.onnx")


def test_a_graph_of_dynamo_does_too(tmp_path: Path) -> None:
    compare("gpt2", "dynamo", tmp_path / "model.onnx")


def compare(model_type: str, exporter: str, path: Path) -> None:
    config = tiny.shrink(tiny.start(configuration_class(model_type)))
    model = tiny.build_model(FeaturesManager.get_model_class_for_feature(FEATURE, model_type=model_type), config).eval()
    declared = FeaturesManager.get_config(model_type, FEATURE)(model.config)
    opset = default_opset(declared, exporter)
    export(tiny.make_preprocessor(config, model), model, declared, opset, path, exporter=exporter)
    ids = torch.randint(3, model.config.vocab_size, (2, 6), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    mask[0, :3] = 0
    tokens, logits = _generated(model, ids, mask)
    decoded = _decoded(onnxruntime.InferenceSession(str(path)), tokens, ids.shape[1], mask.numpy())
    for step, (expected, actual) in enumerate(zip(logits, decoded, strict=True)):
        scale = max(1.0, float(np.abs(expected).max()))
        assert np.abs(expected - actual).max() <= 1e-3 * scale, f"logits of token {step + 1}"
    assert [row.argmax(-1).tolist() for row in decoded] == [row.argmax(-1).tolist() for row in logits]


def _generated(model: Any, ids: torch.Tensor, mask: torch.Tensor) -> tuple[np.ndarray, list[np.ndarray]]:
    settings = transformers.GenerationConfig(
        max_new_tokens=STEPS,
        min_new_tokens=STEPS,
        do_sample=False,
        pad_token_id=0,
        use_cache=True,
        output_logits=True,
        return_dict_in_generate=True,
    )
    made = model.generate(ids, attention_mask=mask, generation_config=settings)
    return made.sequences.numpy(), [each.float().numpy() for each in made.logits]


def _decoded(session: Any, tokens: np.ndarray, prompt: int, mask: np.ndarray) -> list[np.ndarray]:
    """The logits of each new token, from the file alone, token by token."""
    inputs = {each.name: each for each in session.get_inputs()}
    cached = {
        name: np.zeros(
            [2 if axis == 0 else 0 if isinstance(size, str) else size for axis, size in enumerate(each.shape)],
            np.float32,
        )
        for name, each in inputs.items()
        if name.startswith("past_key_values.")
    }
    names = [each.name for each in session.get_outputs()]
    found = []
    for stop in range(prompt, prompt + STEPS):
        start = 0 if stop == prompt else stop - 1
        covered = np.concatenate([mask, np.ones((2, stop - prompt), mask.dtype)], axis=1)
        fed = {"input_ids": tokens[:, start:stop], "attention_mask": covered, **cached}
        given = dict(zip(names, session.run(None, {name: fed[name] for name in inputs if name in fed}), strict=True))
        found.append(given["logits"][:, -1])
        cached = {
            f"past_key_values{name.removeprefix('present')}": value
            for name, value in given.items()
            if name.startswith("present.")
        }
    return found


@pytest.mark.parametrize("model_type", ["gpt2", "gpt-neo"])
def test_the_past_check_finds_a_file_that_counts_padding(
    model_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny.shrink(tiny.start(configuration_class(model_type)))
    model = tiny.build_model(FeaturesManager.get_model_class_for_feature(FEATURE, model_type=model_type), config)
    declared = FeaturesManager.get_config(model_type, FEATURE)(model.config)
    tokenizer = tiny.make_preprocessor(config, model)
    monkeypatch.setattr(positions, "rule", lambda _: None)
    path = tmp_path / "model.onnx"
    export(tokenizer, model, declared, 18, path, exporter="legacy")
    monkeypatch.undo()
    report = validate(declared, tokenizer, model, path, opset=18)
    assert "past" in {check.name for check in report.checks if check.outcome == "failed"}
