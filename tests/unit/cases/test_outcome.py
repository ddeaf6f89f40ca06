"""What an ending means: every way a process can end, held against what was expected of the case."""

from __future__ import annotations

import dataclasses
import json

import pytest

from transformers_export.cases.child import OUT_OF_MEMORY
from transformers_export.cases.outcome import Ending, settle
from transformers_export.cases.protocol import MAX_RESULT_BYTES, encode_result
from transformers_export.cases.types import Case, Provider
from transformers_export.verdict.types import CaseError, CaseResult, CheckResult

CASE = Case("m", "masked-lm", "onnx", "dynamo", Provider("package"))
VALUES = CheckResult("values", "passed", 0.1, 1.0)
PASSED = CaseResult("m", "masked-lm", "onnx", "dynamo", "passed", checks=(VALUES,))
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
