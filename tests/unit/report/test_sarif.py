"""SARIF: what is written fits the format's schema, whatever a verdict holds.

The schema itself is in no package; `pydantic-sarif` is generated from it, and refuses unknown fields as it does.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from pydantic import ValidationError
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Format

from support.verdicts import verdicts
from transformers_export.report import sarif as module
from transformers_export.report.sarif import sarif
from transformers_export.verdict.types import Affected, CaseResult, Finding, NotChecked, Tool, Verdict

TOOL = Tool("transformers-export", "1.2.3")
FINDING = Finding("unregistered", "error", "new", "src/a b.py", 7, 3, "A", "It is [not](https://evil.example).", "Do.")
FAILED = CaseResult("heron", "default", "onnx", "legacy", "failed", reason="why")


def read(verdict: Verdict) -> dict:
    written = sarif(verdict)
    Format.model_validate_json(written)
    return json.loads(written)["runs"][0]


@settings(max_examples=60)
@given(verdicts())
def test_any_verdict_fits_the_schema(verdict):
    run = read(verdict)
    places = [place for result in run["results"] for place in result["locations"]]
    for place in places:
        uri = place["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9._~%/-]+", uri)
        assert ".." not in uri.split("/")
    if verdict.conclusion == "failure":
        errors = (*run["results"], *run["invocations"][0]["toolExecutionNotifications"])
        assert any(item["level"] == "error" for item in errors)


def test_the_schema_would_find_a_fault():
    written = sarif(Verdict(TOOL, "success", findings=(FINDING,)))
    for sound, faulty in (
        (b'"ruleId"', b'"rule_id"'),
        (b'"error"', b'"severe"'),
        (b'"startLine": 7', b'"startLine": 0'),
    ):
        assert sound in written
        with pytest.raises(ValidationError):
            Format.model_validate_json(written.replace(sound, faulty))


def test_a_finding_lies_at_its_line_and_its_text_is_no_link():
    (result,) = read(Verdict(TOOL, "failure", findings=(FINDING,), base="a" * 40))["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "src/a%20b.py", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 7, "startColumn": 3}
    assert result["message"]["text"] == "It is \\[not\\](https://evil.example). Do."
    assert (result["ruleId"], result["level"], result["baselineState"]) == ("unregistered", "error", "new")


def test_a_finding_keeps_its_fingerprint_when_its_line_moves():
    moved = replace(FINDING, line=99)
    one, other = (read(Verdict(TOOL, "failure", findings=(f,)))["results"][0] for f in (FINDING, moved))
    assert one["partialFingerprints"] == other["partialFingerprints"]


def test_fixed_findings_and_passed_exports_are_left_out_and_failed_ones_lie_at_what_affected_them():
    cases = (FAILED, replace(FAILED, outcome="passed"), replace(FAILED, outcome="undecided", model_type="x"))
    verdict = Verdict(
        TOOL,
        "failure",
        findings=(replace(FINDING, status="fixed"), replace(FINDING, severity="advice", status="standing")),
        cases=cases,
        affected=(Affected("heron", "src/heron.py", "it changed"),),
        not_checked=(NotChecked("x", "y", blocking=True),),
    )
    run = read(verdict)
    assert [(r["ruleId"], r["level"]) for r in run["results"]] == [
        ("export-failed", "error"),
        ("export-undecided", "error"),
        ("unregistered", "note"),
    ]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "src/heron.py"
    assert run["invocations"][0]["executionSuccessful"] is False


def test_more_than_github_takes_is_cut_after_the_errors_and_said(monkeypatch):
    monkeypatch.setattr(module, "_MOST", 2)
    advice = replace(FINDING, severity="advice")
    run = read(Verdict(TOOL, "failure", findings=(advice, advice, FINDING)))
    assert [result["level"] for result in run["results"]] == ["error", "note"]
    assert "1 more results" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
