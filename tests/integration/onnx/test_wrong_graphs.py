"""Graphs that are wrong in one quiet way each: captured from a model tampered with, held against the right one.

Each slipped through an earlier validation; the run that catches it must stay.
"""

from __future__ import annotations

import functools
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import onnx_ir
import pytest
import torch
import transformers

from transformers_export import tiny
from transformers_export.models.distilbert.configuration_distilbert import DistilBertOnnxConfig
from transformers_export.models.gpt2.configuration_gpt2 import GPT2OnnxConfig
from transformers_export.onnx import OnnxConfig, export, validate
from transformers_export.onnx.inputs import TRACED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from transformers_export.onnx.validation.types import ValidationReport

OPSET = 18


def _small(auto: Any, base: Any) -> tuple[Any, Any]:
    config = tiny.shrink(base)
    model = tiny.build_model(auto, config)
    return model, tiny.make_preprocessor(config, model)


@contextmanager
def _tampered(
    model: Any, change: Callable[[dict[str, Any]], None], after: Callable[[Any], None] = lambda _: None
) -> Iterator[None]:
    """Let the model see other inputs than it is given, or give other outputs."""
    original = model.forward

    @functools.wraps(original)
    def forward(**given: Any) -> Any:
        change(given)
        result = original(**given)
        after(result)
        return result

    model.forward = forward
    try:
        yield
    finally:
        model.forward = original


def _validated(
    model: Any, preprocessor: Any, config: Any, path: Path, change: Callable[[dict[str, Any]], None], **options: Any
) -> ValidationReport:
    with _tampered(model, change, **options):
        export(preprocessor, model, config, OPSET, path, exporter="legacy")
    return validate(config, preprocessor, model, path, opset=OPSET)


def _failed(report: ValidationReport) -> set[str]:
    return {check.name for check in report.checks if check.outcome == "failed"}


def _nothing(_: Any) -> None:
    pass


def _distilbert() -> tuple[Any, Any]:
    return _small(transformers.AutoModel, transformers.DistilBertConfig())


def _gpt2() -> tuple[Any, Any]:
    return _small(transformers.AutoModelForCausalLM, transformers.GPT2Config())


def test_untampered_the_same_way_passes(tmp_path: Path) -> None:
    model, tokenizer = _gpt2()
    config = GPT2OnnxConfig(model.config, task="causal-lm", use_past=True)
    assert _validated(model, tokenizer, config, tmp_path / "model.onnx", _nothing).passed


class OtherLabels(DistilBertOnnxConfig):
    """Labels as other exporters write them."""

    @property
    def inputs(self) -> Any:
        return {name: {0: "batch_size", 1: "sequence_length"} for name in self.input_names}

    @property
    def outputs(self) -> Any:
        return {"last_hidden_state": {0: "batch_size", 1: "sequence_length"}}


def test_other_labels_are_varied_too(tmp_path: Path) -> None:
    model, tokenizer = _distilbert()
    assert _validated(model, tokenizer, OtherLabels(model.config), tmp_path / "good.onnx", _nothing).passed

    def freeze_the_batch(result: Any) -> None:
        if torch.jit.is_tracing():
            result.last_hidden_state = result.last_hidden_state + torch.zeros(TRACED.batch, 1, 1)

    config = OtherLabels(model.config)
    report = _validated(model, tokenizer, config, tmp_path / "model.onnx", _nothing, after=freeze_the_batch)
    assert "axes" in _failed(report)


class Blur(torch.nn.Module):
    """A model of images of any size."""

    dtype = torch.float32

    def __init__(self, crop: int | None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.config = transformers.PretrainedConfig()
        self.convolution = torch.nn.Conv2d(3, 4, 3, padding=1)
        self.crop = crop

    def forward(self, pixel_values: torch.Tensor, return_dict: bool = True) -> dict[str, torch.Tensor]:
        pixels = pixel_values if self.crop is None else pixel_values[..., : self.crop, : self.crop]
        return {"logits": self.convolution(pixels).mean(dim=(2, 3))}


class BlurOnnxConfig(OnnxConfig):
    """Height and width really vary."""

    @property
    def inputs(self) -> Any:
        return {"pixel_values": {0: "batch", 2: "height", 3: "width"}}

    @property
    def outputs(self) -> Any:
        return {"logits": {0: "batch"}}

    def generate_dummy_inputs(self, preprocessor: Any, **_: Any) -> Any:
        return {"pixel_values": torch.rand(2, 3, 16, 16)}


@pytest.mark.parametrize(("crop", "failed"), [(None, set()), (16, {"values"})])
def test_images_are_run_at_another_size(crop: int | None, failed: set[str], tmp_path: Path) -> None:
    config = BlurOnnxConfig(None, task="image-classification")
    export(None, Blur(crop), config, OPSET, tmp_path / "model.onnx", exporter="legacy")
    report = validate(config, None, Blur(None), tmp_path / "model.onnx")
    assert _failed(report) == failed


class FromEmbeddings(DistilBertOnnxConfig):
    """Takes embeddings in place of token ids."""

    @property
    def inputs(self) -> Any:
        return {"attention_mask": {0: "batch", 1: "sequence"}, "inputs_embeds": {0: "batch", 1: "sequence"}}

    def generate_dummy_inputs(self, preprocessor: Any, **_: Any) -> Any:
        return {"inputs_embeds": torch.rand(2, 8, 32), "attention_mask": torch.ones(2, 8, dtype=torch.int64)}


@pytest.mark.parametrize(("ignore", "failed"), [(False, set()), (True, {"values", "effect"})])
def test_a_mask_without_token_ids_is_padded_too(ignore: bool, failed: set[str], tmp_path: Path) -> None:
    model, tokenizer = _distilbert()

    def attend_to_all(given: dict[str, Any]) -> None:
        if ignore:
            given["attention_mask"] = torch.ones_like(given["attention_mask"])

    report = _validated(model, tokenizer, FromEmbeddings(model.config), tmp_path / "model.onnx", attend_to_all)
    assert _failed(report) == failed


def test_one_masked_column_does_not_excuse_the_others(tmp_path: Path) -> None:
    model, tokenizer = _gpt2()
    config = GPT2OnnxConfig(model.config, task="causal-lm")
    original = model.forward

    def masked(wrong: float) -> Callable[..., Any]:
        def forward(input_ids: Any, attention_mask: Any, **others: Any) -> Any:
            result = original(input_ids=input_ids, attention_mask=attention_mask, **others)
            column = torch.arange(result.logits.shape[-1]) == 7
            result.logits = torch.where(column, torch.full_like(result.logits, -1e9), result.logits * wrong)
            return result

        return forward

    model.forward = masked(1.01)
    export(tokenizer, model, config, OPSET, tmp_path / "model.onnx", exporter="legacy")
    model.forward = masked(1.0)
    report = validate(config, tokenizer, model, tmp_path / "model.onnx")
    assert _failed(report) == {"values"}


def test_half_precision_takes_the_tolerance_asked_for(tmp_path: Path) -> None:
    model, tokenizer = _gpt2()
    model.half()
    config = GPT2OnnxConfig(model.config, task="causal-lm", use_past=True)
    export(tokenizer, model, config, OPSET, tmp_path / "model.onnx", exporter="dynamo")
    assert validate(config, tokenizer, model, tmp_path / "model.onnx").tolerance == 1e-2
    report = validate(config, tokenizer, model, tmp_path / "model.onnx", atol=1e-7)
    assert report.tolerance == 1e-7
    assert "values" in _failed(report)


def test_the_legacy_exporter_refuses_bfloat16_and_says_what_to_do(tmp_path: Path) -> None:
    model, tokenizer = _distilbert()
    config = DistilBertOnnxConfig(model.config)
    with pytest.raises(ValueError, match=r"bfloat16.*Call model\.float\(\) first.*or use the dynamo exporter"):
        export(tokenizer, model.bfloat16(), config, OPSET, tmp_path / "model.onnx", exporter="legacy")


def test_a_graph_in_bfloat16_is_run_in_float32_and_held_to_its_weights(tmp_path: Path) -> None:
    model, tokenizer = _gpt2()
    model.bfloat16()
    config = GPT2OnnxConfig(model.config, task="causal-lm", use_past=True)
    path = tmp_path / "model.onnx"
    export(tokenizer, model, config, OPSET, path, exporter="dynamo")
    exported = path.read_bytes()

    report = validate(config, tokenizer, model, path)
    assert report.passed, report.checks
    assert report.tolerance == 2e-2
    checker = next(check for check in report.checks if check.name == "checker")
    assert checker.outcome == "advice"
    assert "bfloat16" in checker.detail
    assert path.read_bytes() == exported
    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}
    assert "bfloat16, int64" in next(check.detail for check in report.checks if check.name == "types")

    graph = onnx_ir.load(path)
    weight = next(v for n, v in graph.graph.initializers.items() if n.endswith("h.1.mlp.c_fc.weight"))
    weight.const_value = onnx_ir.Tensor(weight.const_value.numpy() * 2, name=weight.name)
    onnx_ir.save(graph, path)
    assert "values" in _failed(validate(config, tokenizer, model, path))


def test_an_output_in_float32_of_a_model_in_bfloat16_is_told_from_one_in_bfloat16(tmp_path: Path) -> None:
    model, tokenizer = _distilbert()
    config = DistilBertOnnxConfig(model.bfloat16().config)
    path = tmp_path / "model.onnx"
    export(tokenizer, model, config, OPSET, path, exporter="dynamo")
    graph = onnx_ir.load(path)
    (output,) = graph.graph.outputs
    wide = onnx_ir.node("Cast", [output], {"to": onnx_ir.DataType.FLOAT})
    graph.graph.append(wide)
    wide.outputs[0].name, output.name = output.name, "narrow"
    wide.outputs[0].dtype, wide.outputs[0].shape = onnx_ir.DataType.FLOAT, output.shape
    graph.graph.outputs[0] = wide.outputs[0]
    onnx_ir.save(graph, path)
    report = validate(config, tokenizer, model, path)
    assert _failed(report) == {"types"}
    said = next(check.detail for check in report.checks if check.name == "types")
    assert "output last_hidden_state is float32 in the graph and bfloat16 in PyTorch" in said
