"""`python -m transformers_export.onnx validate`: files as optimum writes them, made of our own by renaming.

Real ones of optimum-onnx are validated by `benchmarks/validation.py --optimum`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import onnx_ir as ir
import pytest
import transformers

from transformers_export import tiny
from transformers_export.models.bert.configuration_bert import BertOnnxConfig
from transformers_export.models.gpt2.configuration_gpt2 import GPT2OnnxConfig
from transformers_export.models.t5.configuration_t5 import T5OnnxConfig
from transformers_export.onnx import export
from transformers_export.onnx.command import main
from transformers_export.onnx.foreign import Redeclared, feature_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

LABELS = {"batch": "batch_size", "sequence": "sequence_length", "past_sequence": "past_sequence_length"}
BATCH = {0: "batch"}


def _checkpoint(folder: Path, auto: Any, base: Any, *, seed: int = 0) -> tuple[Any, Any]:
    config = tiny.shrink(base)
    model = tiny.build_model(auto, config, seed=seed)
    tokenizer = tiny.make_preprocessor(config, model)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model, tokenizer


def _write(made: tuple[Any, Any], config: Any, path: Path) -> Path:
    model, tokenizer = made
    export(tokenizer, model, config, 18, path, exporter="legacy")
    return path


def _edit(path: Path, change: Callable[[ir.Graph], None]) -> None:
    model = ir.load(path)
    change(model.graph)
    ir.save(model, path)


def _as_optimum(path: Path, names: Mapping[str, str] | None = None) -> None:
    """Other names of axes, and of inputs where they are given; inputs in another order."""

    def rename(graph: ir.Graph) -> None:
        for value in (*graph.inputs, *graph.outputs):
            value.shape = ir.Shape([_otherwise(dim) for dim in value.shape])
        for value in graph.inputs:
            value.name = (names or {}).get(value.name, value.name)
        graph.inputs.reverse()

    _edit(path, rename)


def _otherwise(dim: Any) -> Any:
    return ir.SymbolicDim(LABELS.get(str(dim.value), str(dim.value))) if isinstance(dim, ir.SymbolicDim) else dim


@pytest.fixture
def bert(tmp_path: Path) -> tuple[Path, Path]:
    """A checkpoint and its file in optimum's form."""
    made = _checkpoint(tmp_path / "bert", transformers.AutoModel, transformers.BertConfig())
    path = _write(made, BertOnnxConfig(made[0].config), tmp_path / "model.onnx")
    _as_optimum(path)
    return tmp_path / "bert", path


def _validate(checkpoint: Path, path: Path, *more: str) -> int:
    return main(["validate", str(path), "--model", str(checkpoint), *more])


def test_other_axis_names_and_another_order_are_advice(
    bert: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _validate(*bert) == 0
    said = capsys.readouterr().out
    assert "[!] names: axes named otherwise: batch_size (batch), sequence_length (sequence)" in said
    assert "All good" in said


def test_names_that_nobody_knows_are_taken_by_place(
    bert: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    def rename(graph: ir.Graph) -> None:
        graph.outputs[0].name = "output"

    _edit(bert[1], rename)
    assert _validate(*bert) == 0
    assert "called otherwise: output (last_hidden_state)" in capsys.readouterr().out


def test_a_file_of_other_weights_is_wrong(bert: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint, path = bert
    _checkpoint(checkpoint, transformers.AutoModel, transformers.BertConfig(), seed=1)
    assert _validate(checkpoint, path) == 1
    said = capsys.readouterr().out
    assert "does not compute what" in said
    assert "values failed: last_hidden_state: max |Δ|" in said


def test_a_frozen_axis_is_wrong_whoever_froze_it(bert: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    def freeze(graph: ir.Graph) -> None:
        for value in graph.inputs:
            value.shape = ir.Shape([value.shape[0], 8])

    _edit(bert[1], freeze)
    assert _validate(*bert) == 1
    assert "axis 1 of input_ids is frozen at 8 in the graph" in capsys.readouterr().out


def test_a_decoder_with_past_is_recognised_by_its_inputs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = _checkpoint(tmp_path / "gpt2", transformers.AutoModelForCausalLM, transformers.GPT2Config())
    config = GPT2OnnxConfig(made[0].config, task="causal-lm", use_past=True)
    positions = {"position_ids": {0: "batch", 1: "sequence"}}
    path = _write(made, Redeclared(config, {**config.inputs, **positions}, config.outputs), tmp_path / "model.onnx")
    _as_optimum(path)
    assert _validate(tmp_path / "gpt2", path, "--feature", "causal-lm") == 0
    said = capsys.readouterr().out
    assert "The file is for causal-lm-with-past: it takes past key values." in said
    assert "inputs that it has and ours has not: position_ids" in said
    assert "past: 5 tokens prefilled" in said


@pytest.fixture
def t5(tmp_path: Path) -> tuple[Path, Any, T5OnnxConfig]:
    made = _checkpoint(tmp_path / "t5", transformers.AutoModelForSeq2SeqLM, transformers.T5Config())
    return tmp_path / "t5", made, T5OnnxConfig(made[0].config, task="seq2seq-lm")


def test_a_decoder_alone_takes_the_encoders_states(t5: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint, made, config = t5
    inputs = {
        "decoder_input_ids": {0: "batch", 1: "decoder_sequence"},
        "attention_mask": {0: "batch", 1: "encoder_sequence"},
        "encoder_hidden_states": {0: "batch", 1: "encoder_sequence"},
    }
    outputs = {"logits": {0: "batch", 1: "decoder_sequence"}}
    path = _write(made, Redeclared(config, inputs, outputs), tmp_path / "decoder_model.onnx")
    _as_optimum(path, {"decoder_input_ids": "input_ids", "attention_mask": "encoder_attention_mask"})
    assert _validate(checkpoint, path, "--feature", "seq2seq-lm") == 0
    assert "encoder_attention_mask (attention_mask)" in capsys.readouterr().out


def test_an_encoder_alone_is_held_against_the_encoder(
    t5: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint, (model, tokenizer), config = t5
    sequence = {0: "batch", 1: "encoder_sequence"}
    inputs = {"input_ids": sequence, "attention_mask": sequence}
    encoder = model.get_encoder()
    path = _write(
        (encoder, tokenizer), Redeclared(config, inputs, {"last_hidden_state": sequence}), tmp_path / "e.onnx"
    )
    _as_optimum(path)
    assert _validate(checkpoint, path, "--feature", "seq2seq-lm") == 0
    assert "it is the encoder alone" in capsys.readouterr().out


@pytest.mark.parametrize(("text", "says"), [(None, "Cannot read"), (b"\x99 no graph", "is not an ONNX file")])
def test_what_is_no_file_is_wrong_use(
    tmp_path: Path, text: bytes | None, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.onnx"
    if text is not None:
        path.write_bytes(text)
    assert _validate(tmp_path, path) == 2
    assert says in capsys.readouterr().err


def test_an_unknown_feature_is_wrong_use(bert: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert _validate(*bert, "--feature", "telepathy") == 2
    assert "has no feature 'telepathy'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "inputs", "expected"),
    [
        ("causal-lm", ["input_ids", "past_key_values.0.key"], "causal-lm-with-past"),
        ("causal-lm-with-past", ["input_ids"], "causal-lm"),
        ("masked-lm", ["input_ids", "past_key_values.0.key"], "masked-lm"),
    ],
)
def test_past_is_read_off_the_file(asked: str, inputs: list[str], expected: str) -> None:
    assert feature_for(asked, ["causal-lm", "causal-lm-with-past", "masked-lm"], inputs) == expected
