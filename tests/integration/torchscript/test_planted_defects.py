"""Traces with one planted defect each: the check made for it must fail and say what to do."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from support.traced import Small, small
from transformers_export.onnx.inputs import Sizes
from transformers_export.torchscript import export, load, save, trace, validate
from transformers_export.torchscript.convert import example_inputs
from transformers_export.torchscript.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transformers_export.onnx.validation.types import ValidationReport


@pytest.fixture
def bert() -> Small:
    return small("bert", "masked-lm")


def _failed(report: ValidationReport) -> set[str]:
    return {check.name for check in report.checks if check.outcome == "failed"}


def _detail(report: ValidationReport, name: str) -> str:
    return next(check.detail for check in report.checks if check.name == name)


def _validated(one: Small, path: Path, **options: Any) -> ValidationReport:
    return validate(one.config, one.preprocessor, one.model, path, **options)


def _patched(one: Small, change: Callable[..., Any]) -> None:
    """Let the model's `forward` pass through `change(original, **inputs)`."""
    original = one.model.forward

    def forward(input_ids: Any = None, attention_mask: Any = None, token_type_ids: Any = None, **rest: Any) -> Any:
        given = {"input_ids": input_ids, "attention_mask": attention_mask, "token_type_ids": token_type_ids}
        return change(original, **given, **rest)

    one.model.forward = forward


def test_a_good_trace_passes_every_check(bert, tmp_path):
    export(bert.preprocessor, bert.model, bert.config, tmp_path)
    report = _validated(bert, tmp_path)
    assert report.passed
    assert [check.name for check in report.checks] == ["file", "names", "weights", "axes", "values"]
    assert report.max_difference == 0


def test_a_length_read_by_python_fails_the_axes_with_the_error_that_comes_and_pad_to_in_the_hint(bert, tmp_path):
    """The trace keeps the length it was made at, as `torch.arange(int(length))` does."""

    def bake(original: Any, input_ids: Any, attention_mask: Any, **rest: Any) -> Any:
        length = int(input_ids.shape[1])
        kept = attention_mask * torch.ones(1, length, dtype=torch.int64)
        return original(input_ids=input_ids, attention_mask=kept, **rest)

    _patched(bert, bake)
    export(bert.preprocessor, bert.model, bert.config, tmp_path)
    report = _validated(bert, tmp_path)
    assert {"axes"} <= _failed(report)
    said = _detail(report, "axes")
    assert "does not hold at input_ids 3×13 (RuntimeError: The size of tensor a (13) must match" in said
    assert "nor at input_ids 2×5; input_ids 1×1" in said
    assert "holds at input_ids 4×8" in said
    assert "with pad_to, or trace with fixed=True (--fixed)" in said
    assert "torch warned of test_planted_defects.py:" in said
    assert "Converting a tensor to a Python integer" in said
    assert _detail(report, "padding").startswith("pad_to gives the model's values at")
    assert not report.passed


def test_the_same_trace_passes_when_it_is_asked_to_be_fixed_and_says_so(bert, tmp_path):
    def bake(original: Any, input_ids: Any, attention_mask: Any, **rest: Any) -> Any:
        kept = attention_mask * torch.ones(1, int(input_ids.shape[1]), dtype=torch.int64)
        return original(input_ids=input_ids, attention_mask=kept, **rest)

    _patched(bert, bake)
    export(bert.preprocessor, bert.model, bert.config, tmp_path, fixed=True)
    report = _validated(bert, tmp_path)
    assert report.passed
    assert next(check.outcome for check in report.checks if check.name == "axes") == "advice"
    assert "fixed at input_ids [4, 8]" in _detail(report, "axes")


def test_a_length_that_bends_values_without_an_error_fails_axes_and_values(bert, tmp_path):
    """No error comes: the trace divides by the length it was made at."""

    def bake(original: Any, input_ids: Any, **rest: Any) -> Any:
        result = original(input_ids=input_ids, **rest)
        result.logits = result.logits / int(input_ids.shape[1])
        return result

    _patched(bert, bake)
    export(bert.preprocessor, bert.model, bert.config, tmp_path)
    report = _validated(bert, tmp_path)
    assert {"axes", "values"} <= _failed(report)
    assert "does not hold at input_ids 3×13 (logits: other values, max |Δ|" in _detail(report, "axes")
    assert "times the tolerance" in _detail(report, "values")


def test_a_mask_folded_to_a_constant_fails_the_values_at_the_traced_size(bert, tmp_path):
    """Traced without padding, a mask that Python looked at is gone: padded rows tell."""

    def fold(original: Any, attention_mask: Any, **rest: Any) -> Any:
        mask = None if bool(attention_mask.all()) else attention_mask
        return original(attention_mask=mask, **rest)

    _patched(bert, fold)
    export(bert.preprocessor, bert.model, bert.config, tmp_path, fixed=True)
    report = _validated(bert, tmp_path)
    assert "values" in _failed(report)
    assert "times the tolerance" in _detail(report, "values")
    assert "Converting a tensor to a Python boolean" in load(tmp_path).manifest.remarks[0]


def _rewritten(one: Small, path: Path, make: Callable[[Any], Any], **changes: Any) -> Path:
    """A file whose traced function or manifest is another than `trace` made."""
    inputs = example_inputs(one.preprocessor, one.model, one.config, Sizes())
    traced = trace(one.model, inputs, config=one.config)
    with quiet():
        traced.module = torch.jit.trace(make(traced.module), tuple(inputs.values()), check_trace=False)
    traced.manifest = dataclasses.replace(traced.manifest, **changes)
    return save(traced, path / "model.pt")


class Around(nn.Module):
    """Something around the traced function."""

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.module = module


def test_a_dropped_output_fails_the_names(tmp_path):
    class Drops(Around):
        def forward(self, *tensors: Any) -> Any:
            return self.module(*tensors)[:1]

    one = small("bert", "question-answering")
    report = _validated(one, _rewritten(one, tmp_path, Drops))
    assert _failed(report) == {"names"}
    assert "takes 3 and gives 1 tensors, the manifest names 3 and 2" in _detail(report, "names")
    assert not report.passed


def test_outputs_in_another_order_fail_the_values(tmp_path):
    class Swaps(Around):
        def forward(self, *tensors: Any) -> Any:
            first, second = self.module(*tensors)
            return second, first

    one = small("bert", "question-answering")
    assert "values" in _failed(_validated(one, _rewritten(one, tmp_path, Swaps)))


def test_values_that_are_a_little_other_fail(bert, tmp_path):
    class Shifts(Around):
        def forward(self, *tensors: Any) -> Any:
            return (self.module(*tensors)[0] + 1e-3,)

    report = _validated(bert, _rewritten(bert, tmp_path, Shifts))
    assert {"values"} <= _failed(report)
    assert report.max_difference == pytest.approx(1e-3, rel=0.01)


def test_nan_fails(bert, tmp_path):
    class Breaks(Around):
        def forward(self, *tensors: Any) -> Any:
            return (self.module(*tensors)[0] * float("nan"),)

    report = _validated(bert, _rewritten(bert, tmp_path, Breaks))
    assert "values" in _failed(report)
    assert "NaN" in _detail(report, "values")


@pytest.mark.parametrize("name", ["input_ids", "logits"])
def test_another_name_fails_the_names(bert, tmp_path, name):
    traced = export(bert.preprocessor, bert.model, bert.config, tmp_path)
    renamed = {
        side: tuple(
            dataclasses.replace(each, name="other") if each.name == name else each
            for each in getattr(traced.manifest, side)
        )
        for side in ("inputs", "outputs")
    }
    traced.manifest = dataclasses.replace(traced.manifest, **renamed)
    report = _validated(bert, save(traced, tmp_path / "renamed.pt"))
    assert _failed(report) == {"names"}
    assert f"declared and not in the graph: {name}" in _detail(report, "names")


def test_weights_that_changed_after_the_trace_fail_the_values(bert, tmp_path):
    """A shared weight most of all: it is the embedding and the decoder at once."""
    export(bert.preprocessor, bert.model, bert.config, tmp_path)
    with torch.no_grad():
        bert.model.bert.embeddings.word_embeddings.weight.mul_(1.01)
    report = _validated(bert, tmp_path)
    assert "values" in _failed(report)


@pytest.mark.parametrize(("mode", "says"), [("shared", "are one in the file"), ("cloned", "are apart in the file")])
def test_weights_tied_otherwise_than_the_manifest_says_fail_the_weights(bert, tmp_path, mode, says):
    traced = export(bert.preprocessor, bert.model, bert.config, tmp_path, tied_weights=mode)
    other = "cloned" if mode == "shared" else "shared"
    traced.manifest = dataclasses.replace(traced.manifest, tied_weights=other)
    report = _validated(bert, save(traced, tmp_path / "other.pt"))
    assert _failed(report) == {"weights"}
    assert f"the manifest says {other}" in _detail(report, "weights")
    assert says in _detail(report, "weights")


def test_a_cache_read_in_another_order_fails_past(tmp_path):
    one = small("gpt2", "causal-lm-with-past")
    layers = one.config._flatten_past_key_values_

    def swapped(flat: Any, name: str, index: int, tensors: Any) -> None:
        layers(flat, name, int(one.config.num_layers) - 1 - index, tensors)

    one.config._flatten_past_key_values_ = swapped
    export(one.preprocessor, one.model, one.config, tmp_path)
    assert _failed(_validated(one, tmp_path)) == {"past"}


def test_a_file_that_torch_cannot_load_fails_and_the_rest_is_not_run(bert, tmp_path):
    file = save(export(bert.preprocessor, bert.model, bert.config, tmp_path / "good"), tmp_path / "model.pt")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    report = _validated(bert, file)
    assert [check.outcome for check in report.checks] == ["failed", "not-run", "not-run", "not-run", "not-run"]
    assert not report.passed


@pytest.mark.parametrize("atol", [1e-12, float("inf"), float("nan")])
def test_a_tolerance_holds_what_it_says(bert, tmp_path, atol):
    """A trace differs by nothing, so the smallest tolerance passes and one that is none fails."""
    export(bert.preprocessor, bert.model, bert.config, tmp_path)
    assert _validated(bert, tmp_path, atol=atol).passed == (atol == 1e-12)
