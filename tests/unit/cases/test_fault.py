"""Whose a failure is, decided from the results of two or three runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from transformers_export.cases.fault import after_second_run, failing, judged, what_changed
from transformers_export.verdict.types import CaseError, CaseResult, CheckResult, Imported, Located

BASE = "1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d"
OWN = (Imported("model", "src/acme/modeling_heron.py", inside=True),)
FROZEN = CheckResult("axes", "failed", detail="axis 1 of last_hidden_state is frozen at 8 (declared 'sequence')")
FAR = CheckResult("values", "failed", figure=42.0, limit=1.0, detail="last_hidden_state: 42 times the tolerance")


def _result(outcome="failed", *checks, **facts) -> CaseResult:
    cause = {"failed": "change", "passed": None}.get(outcome, "environment")
    facts = {"cause": cause, "imported": OWN, **facts}
    return CaseResult("heron", "masked-lm", "onnx", "dynamo", outcome, checks=checks, **facts)


PASSED = _result("passed", CheckResult("axes", "passed"), CheckResult("values", "passed"), max_difference=3.1e-7)


def test_what_fails_and_then_passes_is_noise_and_not_verified():
    result = after_second_run(_result("failed", FAR), PASSED)
    assert (result.outcome, result.cause) == ("undecided", "unknown")
    assert result.reason.startswith("Noise: it failed, and passed on a second run with the same seeds")
    assert "42 times the tolerance" in result.reason


def test_what_fails_twice_alike_stays_as_it_was():
    first = _result("failed", FAR)
    assert after_second_run(first, replace(first, seconds=3.0)) == first


def test_what_fails_in_two_ways_says_so():
    result = after_second_run(_result("failed", FAR), _result("failed", FROZEN))
    assert result.outcome == "failed"
    assert "in another way on a second run" in result.warnings[-1]


def test_a_second_run_that_was_stopped_changes_nothing():
    first = _result("failed", FAR)
    assert after_second_run(first, _result("undecided", reason="Past its time limit.")) == first


def test_what_passes_at_the_base_is_the_changes_doing():
    result = judged(_result("failed", FROZEN), PASSED, BASE)
    assert result.cause == "change"
    assert result.fault.did == "froze axis 1 of last_hidden_state"
    assert result.fault.why == "The same export passes at the base, 1a2b3c4."


def test_what_fails_alike_at_the_base_is_upstreams():
    result = judged(_result("failed", FROZEN), _result("failed", FROZEN), BASE)
    assert (result.cause, result.fault.did) == ("upstream", "")
    assert "It fails at the base, 1a2b3c4, too" in result.fault.why


def test_what_fails_in_another_way_at_the_base_is_the_changes():
    result = judged(_result("failed", FROZEN, FAR), _result("failed", FAR), BASE)
    assert result.cause == "change"
    assert result.fault.did == "froze axis 1 of last_hidden_state"
    assert "in another way" in result.fault.why


def test_an_export_that_the_base_does_not_have_is_not_asked_there():
    result = judged(_result("failed", FAR), None, BASE)
    assert result.cause == "change"
    assert "has no such export" in result.fault.why


@pytest.mark.parametrize(
    ("base", "said"),
    [
        (_result("undecided", reason="Past its time limit of 600 s."), "Past its time limit"),
        (replace(_result("failed", FROZEN), imported=()), "It could not be run from the files"),
        (_result("failed", imported=(), error=CaseError("ProviderError", "Expected acme from /b")), "Expected acme"),
        (
            replace(PASSED, imported=(Imported("model", "acme/modeling_heron.py", inside=False),)),
            "its model was imported from acme/modeling_heron.py",
        ),
    ],
    ids=["no time", "nothing imported", "imported from elsewhere", "passed with files from elsewhere"],
)
def test_a_base_that_was_not_run_from_its_own_files_shows_nothing(base, said):
    result = judged(_result("failed", FROZEN), base, BASE)
    assert result.cause == "unknown"
    assert said in result.fault.why
    assert result.fault.did == ""


def test_a_base_that_fails_to_import_is_not_the_changes_fault_even_if_the_head_fails_too():
    broken = CaseError("ImportError", "cannot import name 'x'")
    result = judged(_result("failed", imported=(), error=broken), _result("failed", imported=(), error=broken), BASE)
    assert result.cause == "unknown"


def test_values_name_the_place_and_both_figures():
    place = Located("encoder.layer.2", "HeronLayer", "m.py", 7, "Add", "/n", "aten.add", "1×5")
    head = _result("failed", FAR, max_difference=2.1e-3, located=place)
    assert what_changed(head, PASSED) == "made the values differ in encoder.layer.2: max |Δ| 2.1e-03, 3.1e-07 before"


def test_an_error_and_another_check_are_named():
    assert (
        what_changed(_result(error=CaseError("RuntimeError", "no")), PASSED) == "made the export fail with RuntimeError"
    )
    names = CheckResult("names", "failed", detail="logits is missing")
    assert what_changed(_result("failed", names), PASSED) == "broke `names`: logits is missing"
    assert failing(_result("failed", names, error=CaseError("E", ""))) == {"names", "E"}
