"""Models that are exported as an encoder's and a decoder's graph, by hand and with the command."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
import pytest
import torch
import transformers

from transformers_export import tiny
from transformers_export.cases.run import run_case
from transformers_export.cases.types import Case, Provider
from transformers_export.onnx import FeaturesManager, export, parts_of, validate
from transformers_export.onnx.command import main
from transformers_export.onnx.inputs import TRACED, make_inputs, template_inputs
from transformers_export.onnx.parts import Part, combined
from transformers_export.onnx.validation.runs import SHAPES
from transformers_export.onnx.validation.types import Check, ValidationReport

if TYPE_CHECKING:
    from pathlib import Path

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
PICTURES = {"image_size": 32, "patch_size": 8}
BART_LIKE = {
    "vocab_size": 100,
    "d_model": 32,
    "encoder_layers": 1,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_position_embeddings": 128,
}
ENCODERS = {
    "vit": transformers.ViTConfig(**SMALL, **PICTURES),
    "wide-deit": transformers.DeiTConfig(**{**SMALL, "hidden_size": 48}, **PICTURES),
    "donut-swin": transformers.DonutSwinConfig(
        image_size=32, patch_size=4, embed_dim=16, depths=[1, 1], num_heads=[2, 4], window_size=2
    ),
}
DECODERS = {
    "bert": transformers.BertConfig(vocab_size=100, max_position_embeddings=128, **SMALL),
    "mbart": transformers.MBartConfig(**BART_LIKE),
    "trocr": transformers.TrOCRConfig(**{k: v for k, v in BART_LIKE.items() if not k.startswith("encoder")}),
    "trocr-of-48": transformers.TrOCRConfig(
        **{k: v for k, v in BART_LIKE.items() if not k.startswith("encoder")}, cross_attention_hidden_size=48
    ),
}


def _model(encoder: Any, decoder: Any) -> Any:
    config = transformers.VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.decoder_start_token_id, config.pad_token_id = 0, 1
    return tiny.build_model(transformers.VisionEncoderDecoderModel, config)


def _ready_made() -> Any:
    config = tiny.shrink(tiny.start(transformers.VisionEncoderDecoderConfig))
    return tiny.build_model(transformers.VisionEncoderDecoderModel, config)


def _parts(model: Any, feature: str) -> tuple[Part, ...]:
    return parts_of(model, FeaturesManager.get_config("vision-encoder-decoder", feature)(model.config))


@pytest.mark.parametrize("feature", ["vision2seq-lm", "vision2seq-lm-with-past"])
@pytest.mark.parametrize(
    ("encoder", "decoder"),
    [("vit", "bert"), ("wide-deit", "trocr"), ("wide-deit", "trocr-of-48"), ("donut-swin", "mbart")],
)
def test_encoders_and_decoders_of_other_kinds(encoder: str, decoder: str, feature: str, tmp_path: Path) -> None:
    """As in TrOCR, Donut and captioning models; where the sizes differ the states are projected."""
    model = _model(ENCODERS[encoder], DECODERS[decoder])
    for part in _parts(model, feature):
        preprocessor = tiny.make_preprocessor(part.model.config, part.model)
        path = tmp_path / f"{part.name}.onnx"
        export(preprocessor, part.model, part.config, 18, path, exporter="legacy")
        report = validate(part.config, preprocessor, part.model, path)
        assert [check for check in report.checks if check.outcome != "passed"] == []
        past = part.name == "decoder_model" and feature.endswith("-with-past")
        assert ("past" in {check.name for check in report.checks}) == past


def test_the_command_writes_two_files_that_say_together_what_the_model_says(tmp_path: Path) -> None:
    model = _model(ENCODERS["wide-deit"], DECODERS["bert"])
    checkpoint, out = tmp_path / "checkpoint", tmp_path / "out"
    model.save_pretrained(checkpoint)
    for part in _parts(model, "vision2seq-lm-with-past"):
        tiny.make_preprocessor(part.model.config, part.model).save_pretrained(checkpoint)

    arguments = ["--model", str(checkpoint), "--feature", "vision2seq-lm-with-past", "--exporter", "legacy", str(out)]
    assert main(arguments) == 0

    assert sorted(path.name for path in out.iterdir()) == ["decoder_model.onnx", "encoder_model.onnx"]
    model = transformers.VisionEncoderDecoderModel.from_pretrained(checkpoint).eval()
    encoder, decoder = (onnxruntime.InferenceSession(out / f"{part}_model.onnx") for part in ("encoder", "decoder"))
    pixels = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    generated = model.generate(pixels, max_new_tokens=6, do_sample=False, eos_token_id=None)[0].tolist()
    (states,) = encoder.run(None, {"pixel_values": pixels.numpy()})
    assert _greedy(decoder, states, generated[0], 6) == generated


def test_an_encoder_and_a_decoder_of_text_say_together_what_the_model_says(tmp_path: Path) -> None:
    """Of two widths, so that the states are projected, and with padding that the decoder must not read."""
    wide = transformers.BertConfig(vocab_size=100, max_position_embeddings=128, **{**SMALL, "hidden_size": 48})
    config = transformers.EncoderDecoderConfig.from_encoder_decoder_configs(wide, DECODERS["bert"])
    config.decoder_start_token_id, config.pad_token_id = 0, 1
    model = tiny.build_model(transformers.EncoderDecoderModel, config)
    checkpoint, out = tmp_path / "checkpoint", tmp_path / "out"
    tiny.save_checkpoint(model, tiny.make_preprocessor(model.decoder.config, model.decoder), checkpoint)

    arguments = ["--model", str(checkpoint), "--feature", "seq2seq-lm-with-past", "--exporter", "legacy", str(out)]
    assert main(arguments) == 0

    assert sorted(path.name for path in out.iterdir()) == ["decoder_model.onnx", "encoder_model.onnx"]
    model = transformers.EncoderDecoderModel.from_pretrained(checkpoint).eval()
    encoder, decoder = (onnxruntime.InferenceSession(out / f"{part}_model.onnx") for part in ("encoder", "decoder"))
    text = {"input_ids": torch.tensor([[7, 8, 9, 10, 1, 1]]), "attention_mask": torch.tensor([[1, 1, 1, 1, 0, 0]])}
    generated = model.generate(**text, max_new_tokens=6, do_sample=False, eos_token_id=None)[0].tolist()
    (states,) = encoder.run(None, {name: tensor.numpy() for name, tensor in text.items()})
    mask = {"encoder_attention_mask": text["attention_mask"].numpy()}
    assert _greedy(decoder, states, generated[0], 6, mask) == generated


def _greedy(
    decoder: Any, states: np.ndarray, start: int, count: int, more: dict[str, np.ndarray] | None = None
) -> list[int]:
    """Tokens one after another through the decoder's graph, from an empty cache."""
    inputs = {value.name: value.shape for value in decoder.get_inputs()}
    cached = {
        name: np.zeros((1, shape[1], 0, shape[3]), np.float32)
        for name, shape in inputs.items()
        if name.startswith("past_key_values.")
    }
    tokens = [start]
    for _ in range(count):
        given = {
            "input_ids": np.array([tokens[-1:]]),
            "attention_mask": np.ones((1, len(tokens)), np.int64),
            "encoder_hidden_states": states,
            **(more or {}),
            **cached,
        }
        named = dict(zip([value.name for value in decoder.get_outputs()], decoder.run(None, given), strict=True))
        cached = {name.replace("present", "past_key_values"): named[name] for name in named if "present" in name}
        tokens.append(int(named["logits"][0, -1].argmax()))
    return tokens


def test_what_a_decoder_reads_is_as_long_as_it_likes() -> None:
    """Never of one length with its own tokens, or a graph that takes one for the other would pass."""
    _, decoder = _parts(_ready_made(), "vision2seq-lm")
    template = template_inputs(decoder.config, tiny.make_preprocessor(decoder.model.config, decoder.model))
    for sizes in (TRACED, *SHAPES[:2]):
        drawn = make_inputs(decoder.config, template, sizes)
        assert drawn["encoder_hidden_states"].shape[1] != drawn["input_ids"].shape[1]


def test_a_checkpoint_without_the_decoders_tokenizer_is_refused(tmp_path: Path, capsys: Any) -> None:
    model = _ready_made()
    encoder, _ = _parts(model, "vision2seq-lm")
    tiny.save_checkpoint(model, tiny.make_preprocessor(encoder.model.config, encoder.model), tmp_path / "checkpoint")
    assert main(["--model", str(tmp_path / "checkpoint"), "--feature", "vision2seq-lm", str(tmp_path / "out")]) == 2
    assert "has no tokenizer" in capsys.readouterr().err
    assert list((tmp_path / "out").iterdir()) == []


def test_the_whole_model_has_no_graph_of_its_own(tmp_path: Path) -> None:
    model = _ready_made()
    config = FeaturesManager.get_config("vision-encoder-decoder", "vision2seq-lm")(model.config)
    with pytest.raises(ValueError, match="two graphs: export each part"):
        export(None, model, config, 18, tmp_path / "model.onnx", exporter="legacy")


def test_a_case_exports_both_and_fails_with_either(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    case = Case("vision-encoder-decoder", "vision2seq-lm-with-past", "onnx", "legacy", Provider("ready-made"))
    result = run_case(case)
    assert result.outcome == "passed"
    assert sorted(path.name for path in tmp_path.glob("*.onnx")) == [
        "legacy-decoder_model.onnx",
        "legacy-encoder_model.onnx",
    ]
    assert {check.name for check in result.checks} >= {"values", "past"}

    from transformers.models.gpt2 import modeling_gpt2

    before = modeling_gpt2.GPT2LMHeadModel.forward

    @functools.wraps(before)
    def without_states(self: Any, *args: Any, encoder_hidden_states: Any = None, **kwargs: Any) -> Any:
        if torch.jit.is_tracing():
            encoder_hidden_states = torch.zeros_like(encoder_hidden_states)
        return before(self, *args, encoder_hidden_states=encoder_hidden_states, **kwargs)

    monkeypatch.setattr(modeling_gpt2.GPT2LMHeadModel, "forward", without_states)
    failed = run_case(case)
    assert failed.outcome == "failed"
    (values,) = [check for check in failed.checks if check.name == "values"]
    assert values.outcome == "failed"
    assert "decoder_model: " in values.detail


def test_a_combined_report_is_as_bad_as_its_worst_part() -> None:
    good = ValidationReport((Check("values", "passed", "fine", 0.1, 1.0),), (), 1e-6, 1e-5)
    bad = ValidationReport((Check("values", "not-run", "no session"), Check("past", "failed", "off")), (), None, 1e-4)
    both = combined({"encoder_model": good, "decoder_model": bad})
    assert [(check.name, check.outcome) for check in both.checks] == [("values", "not-run"), ("past", "failed")]
    assert both.checks[0].detail == "encoder_model: fine; decoder_model: no session"
    assert (both.max_difference, both.tolerance, both.passed) == (1e-6, 1e-5, False)
    assert combined({"model": good}) is good
