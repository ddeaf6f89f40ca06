"""JUnit XML: red exactly where the verdict is, and well formed whatever a verdict holds."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from junitparser import JUnitXml

from support.verdicts import verdicts
from transformers_export.report.junit import junit
from transformers_export.verdict.types import CaseError, CaseResult, Finding, NotChecked, Tool, Verdict

TOOL = Tool("transformers-export", "1")
PASSED = CaseResult("heron", "default", "onnx", "legacy", "passed", seconds=2.0)


def red(document: JUnitXml) -> bool:
    return document.failures + document.errors > 0


@settings(max_examples=60)
@given(verdicts())
def test_any_verdict_is_well_formed_and_a_red_one_is_red(verdict):
    written = junit(verdict)
    ElementTree.fromstring(written)
    document = JUnitXml.fromstring(written)
    tests = [test for suite in document for test in suite]
    visible = [finding for finding in verdict.findings if finding.status != "fixed"]
    extra = [suite for suite in document if suite.name == "verdict"]
    assert len(tests) == len(verdict.cases) + len(visible) + len(verdict.not_checked) + len(extra)
    assert red(document) or verdict.conclusion == "success"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"cases": (PASSED,)}, (0, 0, 0)),
        ({"cases": (replace(PASSED, outcome="failed", error=CaseError("E", "m", ("a.py:1",))),)}, (1, 0, 0)),
        ({"cases": (replace(PASSED, outcome="undecided", reason="late"),)}, (0, 1, 0)),
        ({"cases": (PASSED, replace(PASSED, outcome="expected-failure", reason="known"))}, (0, 0, 1)),
        ({"findings": (Finding("r", "error", "new", "a.py", 1, 1, "s", "m", "h"),)}, (1, 0, 0)),
        ({"findings": (Finding("r", "error", "standing", "a.py", 1, 1, "s", "m", "h"),)}, (0, 0, 1)),
        ({"findings": (Finding("r", "advice", "new", "a.py", 1, 1, "s", "m", "h"),)}, (0, 0, 1)),
        ({"findings": (Finding("r", "error", "fixed", "a.py", 1, 1, "s", "m", "h"),)}, (0, 0, 0)),
        ({"not_checked": (NotChecked("x", "y", blocking=True), NotChecked("x", "y"))}, (0, 1, 1)),
        ({"conclusion": "failure"}, (1, 0, 0)),
    ],
)
def test_what_counts_as_what(facts, expected):
    document = JUnitXml.fromstring(junit(Verdict(**{"tool": TOOL, "conclusion": "success", **facts})))
    assert (document.failures, document.errors, document.skipped) == expected


def test_a_cached_export_takes_no_time_and_says_so():
    verdict = Verdict(TOOL, "success", cases=(PASSED, replace(PASSED, cached=True)))
    ((ran, cached),) = JUnitXml.fromstring(junit(verdict))
    assert (ran.time, cached.time) == (2.0, 0.0)
    assert "cached" in cached.system_out


def test_control_characters_are_shown_by_their_number():
    verdict = Verdict(
        TOOL, "failure", cases=(replace(PASSED, outcome="failed", error=CaseError("E", "\x00\x1b[31m]]>")),)
    )
    text = ElementTree.fromstring(junit(verdict)).find(".//failure")
    assert "\\u0000\\u001b[31m]]>" in text.text
