"""Two exporters that were both asked for: where they do not agree."""

from __future__ import annotations

from transformers_export.verdict.disagree import disagreements
from transformers_export.verdict.types import CaseError, CaseResult, CheckResult


def _case(exporter, outcome="passed", *checks, opset=18, **facts) -> CaseResult:
    return CaseResult("heron", "masked-lm", "onnx", exporter, outcome, checks=checks, opset=opset, **facts)


def _said(*cases) -> list[str]:
    return [entry.what for entry in disagreements(cases)]


def test_two_that_pass_agree():
    assert _said(_case("dynamo"), _case("legacy")) == []


def test_one_exporter_alone_has_nobody_to_disagree_with():
    assert _said(_case("dynamo", "failed")) == []


def test_one_that_passes_and_one_that_does_not():
    failed = _case("legacy", "failed", CheckResult("values", "failed"), CheckResult("axes", "passed"))
    assert _said(_case("dynamo"), failed) == ["dynamo passes, legacy fails values."]


def test_failures_of_different_checks_and_errors():
    values = _case("dynamo", "failed", CheckResult("values", "failed"))
    error = _case("legacy", "failed", error=CaseError("UnsupportedOperatorError", "no"))
    assert _said(values, error) == ["dynamo fails values, legacy ends with UnsupportedOperatorError."]
    assert _said(values, _case("legacy", "failed", CheckResult("values", "failed"))) == []


def test_another_opset():
    assert _said(_case("dynamo", opset=20), _case("legacy")) == ["dynamo wrote opset 20, legacy opset 18."]
