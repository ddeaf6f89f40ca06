"""Exports with one planted defect each: the check made for it must fail, and a good export must pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import torch
import transformers

import onnx
from transformers_export import tiny
from transformers_export.models.bart.configuration_bart import BartOnnxConfig
from transformers_export.models.distilbert.configuration_distilbert import DistilBertOnnxConfig
from transformers_export.models.gpt2.configuration_gpt2 import GPT2OnnxConfig
from transformers_export.models.vit.configuration_vit import ViTOnnxConfig
from transformers_export.onnx import PatchingSpec, export, validate, validate_model_outputs
from transformers_export.onnx.validation.validate import ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transformers_export.onnx.validation.types import ValidationReport

OPSET = 18


@dataclass(frozen=True)
class Exported:
    """A small model, its configuration and its file."""

    model: Any
    preprocessor: Any
    config: Any
    path: Path

    def validate(self, config: Any = None, **options: Any) -> ValidationReport:
        """Validate the file, with another configuration where one is given."""
        return validate(config or self.config, self.preprocessor, self.model, self.path, **options)


def _export(config_class: Callable[..., Any], auto: Any, base: Any, path: Path, **options: Any) -> Exported:
    config = tiny.shrink(base)
    model = tiny.build_model(auto, config)
    preprocessor = tiny.make_preprocessor(config, model)
    onnx_config = config_class(model.config, **options)
    export(preprocessor, model, onnx_config, OPSET, path, exporter="legacy")
    return Exported(model, preprocessor, onnx_config, path)


def _distilbert(path: Path, config_class: Any = DistilBertOnnxConfig, **options: Any) -> Exported:
    return _export(config_class, transformers.AutoModel, transformers.DistilBertConfig(), path, **options)


def _gpt2(path: Path, config_class: Any = GPT2OnnxConfig) -> Exported:
    base = transformers.GPT2Config()
    return _export(config_class, transformers.AutoModelForCausalLM, base, path, task="causal-lm", use_past=True)


def _failed(report: ValidationReport) -> set[str]:
    return {check.name for check in report.checks if check.outcome == "failed"}


def _detail(report: ValidationReport, name: str) -> str:
    return next(check.detail for check in report.checks if check.name == name)


@pytest.fixture
def good(tmp_path: Path) -> Exported:
    return _distilbert(tmp_path / "model.onnx")


def test_a_good_export_passes_every_check(good: Exported) -> None:
    report = good.validate(opset=OPSET)
    assert report.passed
    assert [check.name for check in report.checks] == [
        *("checker", "data", "names", "types", "axes", "values", "effect")
    ]
    assert 0 < (report.max_difference or 0) < 1e-4


def test_the_model_is_left_as_it_was(tmp_path: Path) -> None:
    config = tiny.shrink(transformers.GPT2Config())
    model = tiny.build_model(transformers.AutoModelForCausalLM, config)
    model.config.use_cache = True
    model.train()
    onnx_config = GPT2OnnxConfig(config, task="causal-lm")
    export(tiny.make_preprocessor(config, model), model, onnx_config, OPSET, tmp_path / "model.onnx")
    assert model.config.use_cache is True
    assert model.training
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_weights_that_do_not_fit_one_file_go_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transformers_export.onnx.config.EXTERNAL_DATA_LIMIT", 1000)
    exported = _distilbert(tmp_path / "model.onnx")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.onnx", "model.onnx.data"]
    assert (tmp_path / "model.onnx.data").stat().st_size > (tmp_path / "model.onnx").stat().st_size / 2
    assert exported.validate(opset=OPSET).passed
    (tmp_path / "model.onnx.data").unlink()
    report = exported.validate(opset=OPSET)
    assert _failed(report) == {"checker", "data"}
    assert _detail(report, "data").startswith("model.onnx.data is missing")


def test_a_failed_capture_leaves_no_file_and_the_functions_as_they_were(tmp_path: Path) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise RuntimeError("cannot be captured")

    original = torch.nn.functional.layer_norm
    spec = PatchingSpec(torch.nn.functional, "layer_norm", refuse)
    with pytest.raises(RuntimeError, match="cannot be captured"):
        _distilbert(tmp_path / "model.onnx", patching_specs=[spec])
    assert torch.nn.functional.layer_norm is original
    assert list(tmp_path.iterdir()) == []


def test_another_computation_while_capturing_fails_the_values(tmp_path: Path) -> None:
    original = torch.nn.functional.layer_norm
    spec = PatchingSpec(torch.nn.functional, "layer_norm", lambda *given: original(*given) * 1.01)
    exported = _distilbert(tmp_path / "model.onnx", patching_specs=[spec])
    assert torch.nn.functional.layer_norm is original
    report = exported.validate()
    assert _failed(report) == {"values"}
    assert "times the tolerance" in _detail(report, "values")


def test_a_tolerance_of_nothing_fails_the_values(good: Exported) -> None:
    assert _failed(good.validate(atol=1e-12)) == {"values"}


def test_nan_in_the_weights_fails_the_values(good: Exported) -> None:
    with torch.no_grad():
        next(good.model.parameters()).fill_(float("nan"))
    report = good.validate()
    assert _failed(report) == {"values"}
    assert "NaN" in _detail(report, "values")


class FrozenSequence(DistilBertOnnxConfig):
    """Forgets that the sequence varies."""

    @property
    def inputs(self) -> Any:
        return {name: {0: "batch"} for name in self.input_names}

    @property
    def outputs(self) -> Any:
        return {"last_hidden_state": {0: "batch"}}


def test_an_axis_frozen_at_the_traced_size_fails_the_axes(tmp_path: Path) -> None:
    frozen = _distilbert(tmp_path / "model.onnx", FrozenSequence)
    report = frozen.validate(DistilBertOnnxConfig(frozen.model.config))
    assert "axes" in _failed(report)
    assert "axis 1 of last_hidden_state is frozen at 8" in _detail(report, "axes")
    assert not report.passed


def test_an_axis_that_varies_and_is_not_declared_fails_the_axes(good: Exported) -> None:
    report = good.validate(FrozenSequence(good.model.config))
    assert "axes" in _failed(report)
    assert "axis 1 of last_hidden_state varies ('sequence') and is not declared" in _detail(report, "axes")


def _edit(path: Path, change: Callable[[onnx.ModelProto], None]) -> None:
    model = onnx.load(path)
    change(model)
    onnx.save(model, path)


def test_a_lost_axis_name_fails_the_axes(good: Exported) -> None:
    def rename(model: onnx.ModelProto) -> None:
        model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "s70"

    _edit(good.path, rename)
    report = good.validate()
    assert "named 's70'" in _detail(report, "axes")
    assert "axes" in _failed(report)


def test_a_length_baked_into_the_graph_fails_the_axes(good: Exported) -> None:
    """The inputs still say that they vary: only a run at another size shows it."""

    def bake(model: onnx.ModelProto) -> None:
        shape = onnx.helper.make_tensor("baked", onnx.TensorProto.INT64, [2], [2, 8])
        node = onnx.helper.make_node("Reshape", ["input_ids", "baked"], ["baked_ids"])
        for other in model.graph.node:
            for position, name in enumerate(other.input):
                if name == "input_ids":
                    other.input[position] = "baked_ids"
        model.graph.initializer.append(shape)
        model.graph.node.insert(0, node)

    _edit(good.path, bake)
    report = good.validate()
    assert "axis 0 of last_hidden_state is frozen at 2 (declared 'batch')" in _detail(report, "axes")
    assert not report.passed


def test_another_name_fails_the_names(good: Exported) -> None:
    class Renamed(DistilBertOnnxConfig):
        @property
        def outputs(self) -> Any:
            return {"logits": {0: "batch", 1: "sequence"}}

    with pytest.raises(ValueError, match=r"does not return the declared outputs \['logits'\]"):
        good.validate(Renamed(good.model.config))

    def rename(model: onnx.ModelProto) -> None:
        model.graph.node.append(onnx.helper.make_node("Identity", ["last_hidden_state"], ["state"]))
        model.graph.output[0].name = "state"

    _edit(good.path, rename)
    report = good.validate()
    assert "declared and not in the graph: last_hidden_state" in _detail(report, "names")
    assert {"names", "values"} <= _failed(report)


def test_another_opset_fails_the_checker(good: Exported) -> None:
    report = good.validate(opset=17)
    assert _detail(report, "checker") == "opset 17 was asked for, the file has 18"
    assert _failed(report) == {"checker"}


def test_a_file_onnx_runtime_cannot_load_fails_and_the_rest_is_not_run(good: Exported) -> None:
    def break_it(model: onnx.ModelProto) -> None:
        model.graph.node[0].op_type = "NoSuchOperator"

    _edit(good.path, break_it)
    report = good.validate()
    assert {check.name: check.outcome for check in report.checks} == {
        **{"checker": "failed", "data": "passed", "names": "passed"},
        **dict.fromkeys(("types", "axes", "values", "effect"), "not-run"),
    }
    assert not report.passed


def test_past_passes_on_a_good_export(tmp_path: Path) -> None:
    report = _gpt2(tmp_path / "model.onnx").validate()
    assert report.passed
    assert _detail(report, "past").startswith("5 tokens prefilled, 3 decoded one by one and in one go")


class SwappedLayers(GPT2OnnxConfig):
    """Gives the layers' caches back in another order; wrapper and graph agree with each other."""

    def _flatten_past_key_values_(self, flattened_output: Any, name: str, idx: int, t: Any) -> None:
        super()._flatten_past_key_values_(flattened_output, name, int(self.num_layers) - 1 - idx, t)


def test_a_cache_given_back_in_another_order_fails_past_alone(tmp_path: Path) -> None:
    report = _gpt2(tmp_path / "model.onnx", SwappedLayers).validate()
    assert _failed(report) == {"past"}


def test_a_label_for_two_lengths_is_advice(tmp_path: Path) -> None:
    class OldLabels(GPT2OnnxConfig):
        """As transformers.onnx had them: one label for the past and for past and present together."""

        def fill_with_past_key_values_(self, inputs_or_outputs: Any, direction: Any, *_: Any) -> None:
            added: dict[str, Any] = {}
            super().fill_with_past_key_values_(added, direction)
            inputs_or_outputs.update({name: {0: "batch", 2: "past_sequence + sequence"} for name in added})

    report = _gpt2(tmp_path / "model.onnx", OldLabels).validate()
    assert report.passed
    assert "calls two lengths 'past_sequence + sequence'" in _detail(report, "axes")


def test_an_axis_the_model_itself_fixes_is_advice(tmp_path: Path) -> None:
    class OldViT(ViTOnnxConfig):
        """As transformers.onnx declared it."""

        @property
        def inputs(self) -> Any:
            return {"pixel_values": {0: "batch", 1: "num_channels", 2: "height", 3: "width"}}

    exported = _export(OldViT, transformers.AutoModel, transformers.ViTConfig(), tmp_path / "model.onnx")
    report = exported.validate()
    assert report.passed
    assert "'height' is declared and the model itself fixes it" in _detail(report, "axes")


def test_both_sides_of_one_length_are_tried_where_the_model_wants_that(tmp_path: Path) -> None:
    class OldBart(BartOnnxConfig):
        """Declares two lengths where sequence classification takes one."""

        @property
        def inputs(self) -> Any:
            encoder, decoder = {0: "batch", 1: "encoder_sequence"}, {0: "batch", 1: "decoder_sequence"}
            return {name: decoder if "decoder" in name else encoder for name in super().inputs}

    auto = transformers.AutoModelForSequenceClassification
    config = transformers.BartConfig()
    exported = _export(OldBart, auto, config, tmp_path / "model.onnx", task="sequence-classification")
    assert exported.validate().passed


def test_the_transformers_onnx_face_raises_with_every_check(good: Exported, caplog: pytest.LogCaptureFixture) -> None:
    outputs = list(good.config.outputs)
    caplog.set_level("INFO", logger="transformers_export.onnx")
    validate_model_outputs(good.config, good.preprocessor, good.model, good.path, outputs, 1e-5)
    assert "Validating ONNX model..." in caplog.text
    assert "-[✓] (3, 13, 32) matches (3, 13, 32)" in caplog.text
    assert "all values close (atol: 1e-05, max difference: " in caplog.text
    with pytest.raises(ValidationError, match="values failed") as caught:
        validate_model_outputs(good.config, good.preprocessor, good.model, good.path, outputs, 1e-12)
    assert caught.value.report.checks


def test_a_seed_decides_the_values_of_the_inputs(good: Exported) -> None:
    first, again, other = (good.validate(seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert other.passed
    assert other.max_difference != first.max_difference
