"""Defects of files, of element types, of axis names and of inputs: each is caught by the check that is named for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import onnx_ir as ir
import pytest
import torch
import transformers

import onnx
from transformers_export import tiny
from transformers_export.models.bert.configuration_bert import BertOnnxConfig
from transformers_export.models.distilbert.configuration_distilbert import DistilBertOnnxConfig
from transformers_export.models.vit.configuration_vit import ViTOnnxConfig
from transformers_export.onnx import export, validate
from transformers_export.onnx.reach import reached_inputs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transformers_export.onnx.validation.types import ValidationReport


@dataclass(frozen=True)
class Exported:
    """A small model, its configuration and its file."""

    model: Any
    preprocessor: Any
    config: Any
    path: Path

    def validate(self) -> ValidationReport:
        return validate(self.config, self.preprocessor, self.model, self.path)

    def edit(self, change: Callable[[ir.Graph], None]) -> None:
        """Change the graph in the file."""
        model = ir.load(self.path)
        change(model.graph)
        ir.save(model, self.path)


def _write(exported: Exported) -> Exported:
    export(exported.preprocessor, exported.model, exported.config, 18, exported.path, exporter="legacy")
    return exported


def _small(path: Path, base: Any, config_class: Any) -> Exported:
    config = tiny.shrink(base)
    model = tiny.build_model(transformers.AutoModel, config)
    return Exported(model, tiny.make_preprocessor(config, model), config_class(model.config), path)


@pytest.fixture
def good(tmp_path: Path) -> Exported:
    return _write(_small(tmp_path / "model.onnx", transformers.DistilBertConfig(), DistilBertOnnxConfig))


@pytest.fixture
def beside(good: Exported) -> Exported:
    """Its weights in a file of their own, and one among them that nothing reads."""
    model = ir.load(good.path)
    unread = ir.Value(name="unread", const_value=ir.tensor(torch.ones(1000).numpy(), name="unread"))
    model.graph.initializers["unread"] = unread
    ir.save(model, good.path, external_data="model.onnx.data")
    return good


def _failed(report: ValidationReport) -> set[str]:
    return {check.name for check in report.checks if check.outcome in ("failed", "not-run")}


def _detail(report: ValidationReport, name: str) -> str:
    return next(check.detail for check in report.checks if check.name == name)


def test_weights_beside_the_file_pass(beside: Exported) -> None:
    report = beside.validate()
    assert report.passed
    assert "tensors in model.onnx.data" in _detail(report, "data")


def test_truncated_data_that_nothing_reads_fails_the_data_alone(beside: Exported) -> None:
    """ONNX Runtime and onnx.checker take such a file."""
    tensors = [value.const_value for value in ir.load(beside.path).graph.initializers.values()]
    stored = {tensor.name: tensor.offset + tensor.nbytes for tensor in tensors if isinstance(tensor, ir.ExternalTensor)}
    end = max(stored.values())
    assert stored["unread"] == end
    with (beside.path.parent / "model.onnx.data").open("r+b") as data:
        data.truncate(end - 100)
    report = beside.validate()
    assert _failed(report) == {"data"}
    assert "model.onnx.data is truncated" in _detail(report, "data")


def test_truncated_data_that_is_read_stops_the_rest(beside: Exported) -> None:
    with (beside.path.parent / "model.onnx.data").open("r+b") as data:
        data.truncate(1000)
    report = beside.validate()
    assert {"data", "checker"} <= _failed(report)
    assert "lie past its end" in _detail(report, "data")


def test_data_of_an_older_file_before_or_after_fails_the_data_alone(beside: Exported) -> None:
    with (beside.path.parent / "model.onnx.data").open("ab") as data:
        data.write(bytes(200_000))
    report = beside.validate()
    assert _failed(report) == {"data"}
    assert "which no tensor refers to" in _detail(report, "data")


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [("length", "8", "are stored"), ("offset", "40", "overlap"), ("location", "../elsewhere", "outside the model's")],
)
def test_entries_that_contradict_each_other_fail_the_data(beside: Exported, key: str, value: str, says: str) -> None:
    model = onnx.load(beside.path, load_external_data=False)
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == "unread")
    next(entry for entry in tensor.external_data if entry.key == key).value = value
    beside.path.write_bytes(model.SerializeToString())
    report = beside.validate()
    assert "data" in _failed(report)
    assert says in _detail(report, "data")


def test_ids_of_another_integer_type_fail_the_types_alone(good: Exported) -> None:
    def narrow(graph: ir.Graph) -> None:
        (ids,) = (value for value in graph.inputs if value.name == "input_ids")
        wide = ir.node("Cast", [ids], attributes={"to": ir.DataType.INT64})
        ids.replace_all_uses_with(wide.outputs[0])
        wide.replace_input_with(0, ids)
        graph.insert_before(graph[0], wide)
        ids.dtype = ir.DataType.INT32

    good.edit(narrow)
    report = good.validate()
    assert _failed(report) == {"types"}
    assert _detail(report, "types") == "input input_ids is int32 in the graph and int64 in PyTorch"


def test_an_output_of_another_type_fails_types_and_values(good: Exported) -> None:
    def narrow(graph: ir.Graph) -> None:
        (output,) = graph.outputs
        half = ir.node("Cast", [output], attributes={"to": ir.DataType.FLOAT16})
        graph.append(half)
        half.outputs[0].shape, half.outputs[0].dtype = output.shape, ir.DataType.FLOAT16
        output.name, half.outputs[0].name = "wide", output.name
        graph.outputs[0] = half.outputs[0]

    good.edit(narrow)
    report = good.validate()
    assert _failed(report) == {"types", "values"}
    assert "type float16 instead of float32" in _detail(report, "values")


def test_a_name_that_two_lengths_share_fails_the_axes_alone(good: Exported) -> None:
    def rename(graph: ir.Graph) -> None:
        for value in (*graph.inputs, *graph.outputs):
            value.shape = ir.Shape([*["batch"] * 2, *list(value.shape)[2:]])

    good.edit(rename)
    report = good.validate()
    assert _failed(report) == {"axes"}
    assert "the graph calls two lengths 'batch'" in _detail(report, "axes")


def test_a_declaration_that_calls_two_lengths_alike_fails_the_axes_alone(tmp_path: Path) -> None:
    class OneName(DistilBertOnnxConfig):
        """Gives batch and sequence one name."""

        @property
        def inputs(self) -> Any:
            return {name: dict.fromkeys(axes, "batch") for name, axes in super().inputs.items()}

    exported = _small(tmp_path / "model.onnx", transformers.DistilBertConfig(), OneName)
    report = _write(exported).validate()
    assert "axes" in _failed(report)


def test_an_input_that_the_model_ignores_fails_the_effect_alone(tmp_path: Path) -> None:
    exported = _small(tmp_path / "model.onnx", transformers.DistilBertConfig(), DistilBertOnnxConfig)

    def attend_to_all(_: Any, args: Any, given: Any) -> Any:
        return args, {**given, "attention_mask": torch.ones_like(given["attention_mask"])}

    exported.model.register_forward_pre_hook(attend_to_all, with_kwargs=True)
    report = _write(exported).validate()
    assert _failed(report) == {"effect"}
    assert "attention_mask moves no output in PyTorch: nothing shows" in _detail(report, "effect")


def test_an_only_input_that_the_model_ignores_fails_the_effect_alone(tmp_path: Path) -> None:
    exported = _small(tmp_path / "model.onnx", transformers.ViTConfig(), ViTOnnxConfig)
    assert _write(exported).validate().passed

    def see_nothing(_: Any, args: Any, given: Any) -> Any:
        return args, {**given, "pixel_values": torch.zeros_like(given["pixel_values"])}

    exported.model.register_forward_pre_hook(see_nothing, with_kwargs=True)
    report = _write(exported).validate()
    assert _failed(report) == {"effect"}
    assert "pixel_values moves no output in PyTorch: nothing shows" in _detail(report, "effect")


def test_token_types_of_a_model_with_one_type_are_recognised(tmp_path: Path) -> None:
    exported = _small(tmp_path / "model.onnx", transformers.BertConfig(type_vocab_size=1), BertOnnxConfig)
    report = _write(exported).validate()
    assert report.passed
    assert "token_type_ids moves no output in PyTorch: the model has one token type" in _detail(report, "effect")


def test_an_input_that_the_graph_does_not_use_is_named(good: Exported) -> None:
    def cut(graph: ir.Graph) -> None:
        (mask,) = (value for value in graph.inputs if value.name == "attention_mask")
        (ids,) = (value for value in graph.inputs if value.name == "input_ids")
        ones = ir.node("Sub", [ids, ids])
        exponent = ir.node("Sub", [ids, ids])
        power = ir.node("Pow", [ones.outputs[0], exponent.outputs[0]])
        mask.replace_all_uses_with(power.outputs[0])
        for node in (ones, exponent, power):
            node.outputs[0].dtype = ir.DataType.INT64
            graph.insert_before(graph[0], node) if node is ones else graph.insert_after(ones, node)
        graph.sort()

    good.edit(cut)
    assert reached_inputs(ir.load(good.path).graph) == {"input_ids"}
    report = good.validate()
    assert _failed(report) == {"values", "effect"}
    assert _detail(report, "effect") == "the graph does not use attention_mask, which moves an output in PyTorch"


class WithoutTypes(BertOnnxConfig):
    """Forgets what BERT's tokenizer makes."""

    input_names = ("input_ids", "attention_mask")


class WithoutMask(BertOnnxConfig):
    """Forgets the mask."""

    input_names = ("input_ids", "token_type_ids")


class MeantWithoutMask(WithoutMask):
    """Says that it does without the mask."""

    left_out: ClassVar[dict[str, str]] = {"attention_mask": "texts are never padded here"}


@pytest.mark.parametrize(("config", "name"), [(WithoutTypes, "token_type_ids"), (WithoutMask, "attention_mask")])
def test_an_input_that_the_configuration_forgets_fails_the_effect_alone(
    config: type[BertOnnxConfig], name: str, tmp_path: Path
) -> None:
    report = _write(_small(tmp_path / "model.onnx", transformers.BertConfig(), config)).validate()
    assert _failed(report) == {"effect"}
    assert _detail(report, "effect").startswith(f"{name} is made by the preprocessor, taken by forward()")


def test_an_input_that_the_configuration_leaves_out_with_a_reason_is_not_missed(tmp_path: Path) -> None:
    report = _write(_small(tmp_path / "model.onnx", transformers.BertConfig(), MeantWithoutMask)).validate()
    assert report.passed
