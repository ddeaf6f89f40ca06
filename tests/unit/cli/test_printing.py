"""A verdict in a terminal: `path:line:column rule message`, one table, reasons, and the conclusion last."""

from __future__ import annotations

import dataclasses
import io

import pytest

from transformers_export.cases.types import Case, Provider
from transformers_export.cli.printing import lines
from transformers_export.cli.progress import shown
from transformers_export.verdict.types import (
    CaseError,
    CaseResult,
    CheckResult,
    Finding,
    NotChecked,
    Tool,
    Verdict,
)

FINDING = Finding("unregistered", "error", "new", "src/m.py", 3, 5, "M", "It is not there.", "Add it.")
PASSED = CaseResult("m", "masked-lm", "onnx", "dynamo", "passed", max_difference=1.5e-6, tolerance=1e-5, opset=18)
FAILED = CaseResult(
    "model",
    "default",
    "onnx",
    "legacy",
    "failed",
    cause="change",
    checks=(CheckResult("names", "passed"), CheckResult("values", "failed", 2.0, 1.0, "too far")),
    error=CaseError("ValueError", "no", ("b.py:2 in g", "a.py:1 in f")),
    warnings=("careful",),
)
UNDECIDED = dataclasses.replace(PASSED, outcome="undecided", cause="environment", reason="Past its time limit of 5 s.")


def said(*, strict: bool = False, **parts) -> list[str]:
    return list(lines(Verdict(tool=Tool("t", "1"), conclusion="failure", **parts), strict=strict))


def test_a_finding_is_a_place_an_editor_can_open_and_what_to_do():
    assert said(findings=(FINDING,)) == [
        "src/m.py:3:5 unregistered It is not there.",
        "    Add it.",
        "failure: 1 finding",
    ]


def test_what_does_not_count_says_why():
    standing = dataclasses.replace(FINDING, status="standing")
    fixed = dataclasses.replace(FINDING, status="fixed")
    advice = dataclasses.replace(FINDING, severity="advice")
    text = said(findings=(standing, fixed, advice))
    assert text[0] == "src/m.py:3:5 unregistered (standing) It is not there."
    assert text[2] == "src/m.py:3:5 unregistered (fixed) It is not there."
    assert text[3] == "src/m.py:3:5 unregistered (advice) It is not there."
    assert text[-1] == "failure: 0 findings"
    assert said(findings=(standing,), strict=True)[-1] == "failure: 1 finding"


def test_cases_are_a_table_and_failures_say_why():
    assert said(cases=(PASSED, FAILED, UNDECIDED)) == [
        "model  feature    exporter  outcome    max difference    opset  nodes  seconds",
        "m      masked-lm  dynamo    passed     1.5e-06 of 1e-05  18     -      0.0",
        "model  default    legacy    failed     -                 -      -      0.0",
        "m      masked-lm  dynamo    undecided  1.5e-06 of 1e-05  18     -      0.0",
        "model/default/legacy: warning: careful",
        "model/default/legacy: failed (change)",
        "    values failed: too far",
        "    ValueError: no",
        "      b.py:2 in g",
        "      a.py:1 in f",
        "m/masked-lm/dynamo: undecided (environment): Past its time limit of 5 s.",
        "failure: 0 findings, 1 of 3 cases verified",
    ]


def test_what_was_not_checked_is_said():
    text = said(not_checked=(NotChecked("m", "no case", blocking=True), NotChecked("matrix", "there is none")))
    assert text[:2] == ["not checked (blocking): m: no case", "not checked: matrix: there is none"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (io.StringIO(), "1 m/f/dynamo passed 0.0 s\nwarning: old torch\n1 failing: run once more\n"),
        (Terminal(), "1 done"),
    ],
)
def test_progress_is_lines_in_a_log_and_one_line_on_a_terminal(stream, expected, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    with shown(stream) as (progress, warn, say):
        progress(Case("m", "f", "onnx", "dynamo", Provider("package")), None)
        progress(Case("m", "f", "onnx", "dynamo", Provider("package")), PASSED)
        warn("old torch")
        if not stream.isatty():
            say("1 failing: run once more")
        if stream.isatty():
            import time

            time.sleep(0.3)  # rich draws ten times a second
            say("1 failing: run once more")
            time.sleep(0.3)
    assert expected in stream.getvalue()
    assert "warning: old torch" in stream.getvalue()
    assert "1 failing: run once more" in stream.getvalue()


def test_of_a_message_that_is_a_whole_graph_the_first_lines_are_shown():
    graph = "\n".join(f"  %{number} = aten::add" for number in range(300))
    long = dataclasses.replace(FAILED, error=CaseError("UnsupportedOperatorError", f"no translation\n{graph}"))
    text = "\n".join(said(cases=(long,)))
    assert "no translation" in text
    assert text.count("aten::add") == 11
    assert "[more in the verdict: --json FILE; 289 lines]" in text
