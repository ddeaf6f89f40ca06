"""The pure halves of validation: names, differences, tolerances, the sum of a report."""

from __future__ import annotations

import dataclasses
import math
from types import SimpleNamespace

import numpy as np
import pytest

from transformers_export.cases.evidence import ALWAYS
from transformers_export.onnx.inputs import TRACED
from transformers_export.onnx.validation.catalog import CATALOG
from transformers_export.onnx.validation.names import check_names
from transformers_export.onnx.validation.runs import EMPTY_PAST, PADDED, SHAPES, Run
from transformers_export.onnx.validation.tolerance import limits_for, tolerance_for
from transformers_export.onnx.validation.types import Check, ValidationReport
from transformers_export.onnx.validation.values import check_values, compare_outputs, difference


def test_the_catalog_is_what_a_passed_case_must_show() -> None:
    assert [check.name for check in CATALOG] == [*ALWAYS["onnx"], "past"]


ONES = np.ones((2, 3), dtype=np.float32)


def test_shapes_differ_from_the_traced_one_in_every_length_and_hold_batch_1() -> None:
    assert len(SHAPES) >= 3
    assert 1 in {sizes.batch for sizes in SHAPES}
    assert 1 in {sizes.sequence for sizes in SHAPES}
    assert max(sizes.sequence for sizes in SHAPES) > TRACED.sequence
    assert {sizes.padding for sizes in PADDED} == {"left", "right"}
    assert EMPTY_PAST.past == 0
    for sizes in (*SHAPES, *PADDED, EMPTY_PAST):
        for length in ("batch", "sequence", "decoder", "past", "choices"):
            assert getattr(sizes, length) != getattr(TRACED, length)
    assert all(length > 1 for length in dataclasses.astuple(TRACED)[:5])


@pytest.mark.parametrize(
    ("inputs", "outputs", "says"),
    [
        (["a"], ["y"], "declared and not in the graph: b"),
        (["a", "b", "c"], ["y"], "in the graph and not declared: c"),
        (["b", "a"], ["y"], "another order"),
        (["a", "b"], ["z"], "outputs declared and not in the graph: y"),
    ],
)
def test_names_missing_extra_and_reordered_are_told_apart(inputs: list[str], outputs: list[str], says: str) -> None:
    check = check_names(inputs, outputs, ["a", "b"], ["y"])
    assert check.outcome == "failed"
    assert says in check.detail


def test_names_as_declared_pass() -> None:
    assert check_names(["a", "b"], ["y"], ["a", "b"], ["y"]).outcome == "passed"


@pytest.mark.parametrize(
    ("actual", "says"),
    [
        (np.ones((2, 4), dtype=np.float32), "shape"),
        (np.ones((2, 3, 1), dtype=np.float32), "rank 3 instead of 2"),
        (np.ones((2, 3), dtype=np.float64), "type"),
        (np.full((2, 3), np.nan, dtype=np.float32), "NaN"),
        (np.full((2, 3), np.inf, dtype=np.float32), "infinity"),
    ],
)
def test_what_is_wrong_beside_the_difference_is_said(actual: np.ndarray, says: str) -> None:
    assert says in difference(ONES, actual, 1e-5)[2]


def test_nan_in_pytorchs_own_output_fails_too() -> None:
    broken = np.full((2, 3), np.nan, dtype=np.float32)
    assert "PyTorch" in difference(broken, broken, 1e-5)[2]


def test_a_difference_is_given_as_a_share_of_the_tolerance() -> None:
    worst, share, problem = difference(ONES, ONES + np.float32(0.5), atol=1.0)
    assert (worst, share, problem) == (0.5, 0.5, "")


def test_integers_must_be_equal() -> None:
    numbers = np.arange(4)
    assert difference(numbers, numbers, 1e9)[1] == 0
    assert difference(numbers, numbers + 1, 1e9)[1] == math.inf


def test_nothing_is_added_to_the_tolerance() -> None:
    assert limits_for(ONES, 1e-12).max() == 1e-12
    assert limits_for(ONES * 150, 1e-5) == pytest.approx(150e-5)


def test_one_huge_column_excuses_itself_alone() -> None:
    expected = np.array([[1.0, -1e9]], dtype=np.float32)
    assert limits_for(expected, 1e-5) == pytest.approx(np.array([[1e-5, 1e4]]))
    assert difference(expected, np.array([[2.0, -1e9]], dtype=np.float32), 1e-5)[1] > 1


def test_positions_that_mean_nothing_are_left_out() -> None:
    broken = ONES.copy()
    broken[0] = np.nan
    ignored = np.array([[True], [False]])
    assert difference(ONES, broken, 1e-5, ignored) == (0.0, 0.0, "")
    assert "NaN" in difference(ONES, broken, 1e-5, ~ignored)[2]


@pytest.mark.parametrize(
    ("asked", "dtype", "expected"),
    [(None, "float32", 1e-5), (None, "float16", 1e-2), (1e-4, "float16", 1e-4), (1e-12, "float32", 1e-12)],
)
def test_half_precision_has_a_floor_unless_somebody_asked(asked: float | None, dtype: str, expected: float) -> None:
    assert tolerance_for(asked, 1e-5, dtype) == expected


MASKED = SimpleNamespace(inputs={"input_ids": {}, "attention_mask": {}})
IMAGE = SimpleNamespace(inputs={"pixel_values": {0: "batch"}})


def _runs(count: int, *, padded: bool, off: float = 0.0) -> list[Run]:
    plain = [{"attention_mask": np.ones((sizes.batch, sizes.sequence))} for sizes in SHAPES[:count]]
    inputs = [*plain, *([{"attention_mask": np.array([[1, 1, 0]])}] if padded else [])]
    return [Run(SHAPES[0], each, {"y": ONES}, {}, {"y": ONES + np.float32(off)}) for each in inputs]


@pytest.mark.parametrize(
    ("count", "padded", "lacks"), [(2, True, "three different shapes"), (3, False, "a padded row")]
)
def test_too_few_shapes_are_not_run_and_never_passed(count: int, padded: bool, lacks: str) -> None:
    runs = _runs(count, padded=padded)
    check = check_values(MASKED, runs, ["why"], compare_outputs(runs, ["y"], 1e-5), 1e-5)
    assert check.outcome == "not-run"
    assert lacks in check.detail


def test_one_shape_three_times_is_one_shape() -> None:
    runs = _runs(1, padded=False) * 3
    assert check_values(IMAGE, runs, [], compare_outputs(runs, ["y"], 1e-5), 1e-5).outcome == "not-run"


def test_a_model_without_a_mask_needs_no_padded_row() -> None:
    runs = _runs(3, padded=False)
    assert check_values(IMAGE, runs, [], compare_outputs(runs, ["y"], 1e-5), 1e-5).outcome == "passed"


@pytest.mark.parametrize(("off", "outcome"), [(0.0, "passed"), (1e-3, "failed")])
def test_values_are_held_against_the_tolerance(off: float, outcome: str) -> None:
    runs = _runs(3, padded=True, off=off)
    assert check_values(MASKED, runs, [], compare_outputs(runs, ["y"], 1e-5), 1e-5).outcome == outcome


@pytest.mark.parametrize("atol", [math.inf, math.nan, 0.0, -1.0])
def test_a_tolerance_that_holds_nothing_fails(atol: float) -> None:
    runs = _runs(3, padded=True)
    check = check_values(MASKED, runs, [], compare_outputs(runs, ["y"], atol or 1.0), atol)
    assert (check.outcome, check.detail) == ("failed", f"the tolerance must be a number above zero, got {atol}")


def test_an_output_the_graph_does_not_give_fails() -> None:
    runs = [dataclasses.replace(run, actual={}) for run in _runs(3, padded=True)]
    assert check_values(MASKED, runs, [], compare_outputs(runs, ["y"], 1e-5), 1e-5).outcome == "failed"


@pytest.mark.parametrize(
    ("outcome", "passed"), [("passed", True), ("advice", True), ("failed", False), ("not-run", False)]
)
def test_a_report_passes_when_nothing_failed_and_everything_ran(outcome: str, passed: bool) -> None:
    checks = (Check("names", "passed", ""), Check("values", outcome, ""))  # type: ignore[arg-type]
    assert ValidationReport(checks, (), None, 1e-5).passed is passed
