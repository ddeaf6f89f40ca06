"""What an ending means: every way a process can end, held against what was expected of the case."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest

from transformers_export.cases.child import EXPORTER_MISSING, OUT_OF_MEMORY
from transformers_export.cases.evidence import ALWAYS
from transformers_export.cases.outcome import Ending, settle
from transformers_export.cases.protocol import MAX_RESULT_BYTES, encode_result
from transformers_export.cases.types import Case, Provider
from transformers_export.verdict.types import CaseError, CaseResult, CheckResult

CASE = Case("m", "masked-lm", "onnx", "dynamo", Provider("package"))
VALUES = CheckResult("values", "passed", 0.1, 1.0)
CHECKS = (*(CheckResult(name, "passed", 0.0, 0.0) for name in ALWAYS["onnx"] if name != "values"), VALUES)
PASSED = CaseResult(
    "m",
    "masked-lm",
    "onnx",
    "dynamo",
    "passed",
    checks=CHECKS,
    max_difference=1e-6,
    tolerance=1e-5,
    opset=18,
    nodes=12,
    bytes=3456,
)
FAILED = dataclasses.replace(PASSED, outcome="failed", checks=(dataclasses.replace(VALUES, outcome="failed"),))


def ended(result: CaseResult | bytes | None, **changes) -> Ending:
    data = encode_result(result) if isinstance(result, CaseResult) else result
    return dataclasses.replace(Ending(exit_code=0, result=data, seconds=1.23456, peak_bytes=7), **changes)


def test_a_good_result_is_passed_and_carries_what_the_tool_measured():
    result = settle(CASE, ended(PASSED))
    assert result == dataclasses.replace(PASSED, seconds=1.235, peak_bytes=7)


@pytest.mark.parametrize(
    ("ending", "outcome", "cause", "said"),
    [
        (Ending(stopped="Past its time limit of 5 s."), "undecided", "environment", "time limit of 5 s"),
        (Ending(exit_code=OUT_OF_MEMORY), "undecided", "environment", "memory limit of 8192 MiB"),
        (Ending(exit_code=EXPORTER_MISSING), "undecided", "environment", "no legacy exporter any more"),
        (Ending(signal=9), "undecided", "environment", "Killed from outside"),
        (Ending(signal=11), "failed", "change", "signal 11 (SIGSEGV)"),
        (Ending(signal=250), "failed", "change", "signal 250"),
        (Ending(exit_code=1, log="Traceback\nKeyError: x"), "failed", "change", "KeyError: x"),
        (Ending(exit_code=0), "failed", "change", "without leaving a result"),
        (ended(b"{"), "failed", "change", "Expected a case result"),
        (ended(b'{"model_type": "\xff"}'), "failed", "change", "Expected a case result"),
        (ended(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "failed", "change", "Expected a case result"),
        (ended(b" " * (MAX_RESULT_BYTES + 1)), "failed", "change", "at most"),
        (ended(dataclasses.replace(PASSED, checks=())), "failed", "change", "`values` among them"),
        (ended(dataclasses.replace(FAILED, outcome="passed")), "failed", "change", "every check passed"),
        (ended(dataclasses.replace(PASSED, outcome="expected-failure")), "failed", "change", "as outcome"),
        (ended(FAILED), "failed", "change", ""),
        (ended(dataclasses.replace(FAILED, cause="upstream")), "failed", "upstream", ""),
    ],
)
def test_each_ending_has_its_outcome_cause_and_reason(ending, outcome, cause, said):
    result = settle(CASE, ending)
    assert (result.outcome, result.cause) == (outcome, cause)
    assert said in result.reason + (result.error.message if result.error else "")


def without(name: str) -> tuple[CheckResult, ...]:
    return tuple(check for check in CHECKS if check.name != name)


def with_values(**changes) -> tuple[CheckResult, ...]:
    return (*without("values"), dataclasses.replace(VALUES, **changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        *(({"checks": without(name)}, f"`{name}` among them") for name in ALWAYS["onnx"]),
        ({"checks": (*without("axes"), CheckResult("axes", "not-run"))}, "`axes` is not-run"),
        ({"checks": (*CHECKS, VALUES)}, "each check once"),
        ({"checks": with_values(outcome="advice")}, "`values` is advice"),
        ({"checks": with_values(figure=1.01)}, "at most all of the tolerance"),
        ({"checks": with_values(figure=None)}, "at most all of the tolerance"),
        ({"max_difference": None}, "largest difference"),
        ({"max_difference": math.inf}, "largest difference"),
        ({"tolerance": None}, "finite tolerance"),
        ({"tolerance": math.inf}, "finite tolerance"),
        ({"tolerance": math.nan}, "finite tolerance"),
        ({"tolerance": 0.0}, "finite tolerance"),
        ({"nodes": 0}, "graph with nodes"),
        ({"nodes": None}, "graph with nodes"),
        ({"opset": None}, "opset of the graph"),
    ],
)
def test_a_claim_to_have_passed_without_all_its_evidence_is_failed(changes, said):
    result = settle(CASE, ended(dataclasses.replace(PASSED, **changes)))
    assert (result.outcome, result.cause, result.error.type) == ("failed", "change", "NotVerified")
    assert said in result.error.message


def test_evidence_is_asked_for_what_the_case_asked_for():
    assert settle(dataclasses.replace(CASE, opset=18), ended(PASSED)).outcome == "passed"
    assert "expected opset 17" in settle(dataclasses.replace(CASE, opset=17), ended(PASSED)).error.message
    with_past = dataclasses.replace(CASE, feature="causal-lm-with-past")
    assert "`past` among them" in settle(with_past, ended(PASSED)).error.message
    past = dataclasses.replace(PASSED, checks=(*CHECKS, CheckResult("past", "passed", 0.2, 1.0)))
    assert settle(with_past, ended(past)).outcome == "passed"


def test_a_trace_shows_other_checks_and_has_no_opset():
    case = dataclasses.replace(CASE, target="torchscript", exporter="torchscript")
    own = (CheckResult("file", "passed"), CheckResult("weights", "passed", 0.0, 0.0))
    traced = dataclasses.replace(PASSED, checks=(*own, *without("checker")), opset=None)
    result = settle(case, ended(traced))
    assert (result.outcome, result.target, result.exporter) == ("passed", "torchscript", "torchscript")
    for name in ("file", "names", "weights", "axes", "values"):
        lacking = tuple(check for check in traced.checks if check.name != name)
        assert f"`{name}` among them" in settle(case, ended(dataclasses.replace(traced, checks=lacking))).error.message
    with_past = dataclasses.replace(case, feature="causal-lm-with-past")
    assert "`past` among them" in settle(with_past, ended(traced)).error.message
    assert "graph with nodes" in settle(case, ended(dataclasses.replace(traced, nodes=0))).error.message


def test_advice_on_axes_is_no_failure():
    advised = dataclasses.replace(PASSED, checks=(*without("axes"), CheckResult("axes", "advice")))
    assert settle(CASE, ended(advised)).outcome == "passed"


def test_a_wide_tolerance_is_a_warning():
    assert settle(CASE, ended(dataclasses.replace(PASSED, tolerance=0.01))).warnings == ()
    result = settle(CASE, ended(dataclasses.replace(PASSED, tolerance=0.5)))
    assert result.outcome == "passed"
    assert "tolerance 0.5" in result.warnings[0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("opset", "1" + "0" * 4000),
        ("opset", "1000"),
        ("nodes", "1" + "0" * 4000),
        ("nodes", str(2**53)),
        ("bytes", "1" + "0" * 400),
        ("bytes", "-1"),
        ("peak_bytes", "1" + "0" * 400),
        ("seconds", "1e999"),
    ],
)
@pytest.mark.parametrize("outcome", ["passed", "failed"])
def test_numbers_that_no_export_has_are_not_taken_over(field, value, outcome):
    content = json.loads(encode_result(dataclasses.replace(PASSED, outcome=outcome)))
    data = json.dumps({**content, field: "HERE"}).replace('"HERE"', value).encode()
    result = settle(CASE, ended(data))
    assert (result.outcome, result.error.type) == ("failed", "UnreadableResult")
    assert getattr(result, field) in (None, 1.235, 7)


def test_a_result_when_the_tool_had_to_stop_the_case_does_not_count():
    assert settle(CASE, ended(PASSED, stopped="Past its time limit of 5 s.")).outcome == "undecided"


def test_a_result_speaks_only_for_its_own_case():
    other = dataclasses.replace(PASSED, model_type="bert", feature="default", exporter="legacy", cached=True)
    result = settle(CASE, ended(other))
    assert (result.model_type, result.feature, result.exporter, result.cached) == ("m", "masked-lm", "dynamo", False)


def test_with_auto_the_result_says_which_exporter_it_was():
    case = dataclasses.replace(CASE, exporter="auto")
    assert settle(case, ended(dataclasses.replace(PASSED, exporter="legacy"))).exporter == "legacy"
    assert settle(case, ended(dataclasses.replace(PASSED, exporter="<script>"))).exporter == "auto"


@pytest.mark.parametrize("ending", [ended(FAILED), Ending(signal=11), Ending(stopped="Past its time limit of 5 s.")])
def test_a_failure_that_was_expected_is_one_with_its_reason(ending):
    result = settle(dataclasses.replace(CASE, expected_failure="torch lacks an operator"), ending)
    assert (result.outcome, result.reason) == ("expected-failure", "torch lacks an operator")


def test_an_expected_failure_that_passes_is_failed():
    result = settle(dataclasses.replace(CASE, expected_failure="torch lacks an operator"), ended(PASSED))
    assert (result.outcome, result.cause, result.error.type) == ("failed", "change", "UnexpectedPass")
    assert "torch lacks an operator" in result.error.message


def test_a_crash_shows_its_frames_last_first_and_not_the_list_of_modules():
    log = 'Fatal Python error: Segmentation fault\n\n  File "a.py", line 3 in inner\n  File "b.py", line 9 in outer\n'
    result = settle(CASE, Ending(signal=11, log=log + "\nExtension modules: numpy, torch (total: 2)\n"))
    assert result.error.frames == ("a.py:3 in inner", "b.py:9 in outer")
    assert "Extension modules" not in result.error.message


def test_long_texts_are_cut():
    error = CaseError("E" * 1000, "m" * 100_000, tuple("f" * 1000 for _ in range(100)))
    result = settle(CASE, ended(dataclasses.replace(FAILED, error=error, warnings=("w" * 5000,) * 99)))
    assert len(json.dumps(dataclasses.asdict(result))) < 300_000
    assert len(result.error.message) <= 4000
    assert len(result.error.frames) == 12
