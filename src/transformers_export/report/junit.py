"""A verdict as JUnit XML, which most CI systems show: every export and every finding is a test.

It is red exactly where the verdict is. Texts are hostile: what XML 1.0 cannot hold is written as `\\u0000`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from transformers_export.report.words import what_happened
from transformers_export.verdict.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from junitparser.junitparser import FinalResult

    from transformers_export.verdict.types import CaseResult, Finding, NotChecked, Verdict

_LONGEST = 20_000
"""Characters of one text."""


def junit(verdict: Verdict) -> bytes:
    """Return the document, in UTF-8: one suite each for exports, findings, and what was not checked."""
    document = JUnitXml("transformers-export")
    suites = {
        "exports": list(map(_of_case, verdict.cases)),
        "findings": [_of_finding(finding) for finding in verdict.findings if finding.status != "fixed"],
        "not checked": list(map(_of_not_checked, verdict.not_checked)),
    }
    said = [result for tests in suites.values() for test in tests for result in test.result]
    if verdict.conclusion != "success" and not any(isinstance(result, Failure | Error) for result in said):
        suites["verdict"] = [_test("verdict", "conclusion", Failure("The check failed: no export was verified."))]
    for name, tests in suites.items():
        if tests:
            suite = TestSuite(name)
            suite.add_testcases(tests)
            document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]
    text: bytes = document.tostring()  # type: ignore[no-untyped-call]
    return text if text.endswith(b"\n") else text + b"\n"


def _of_case(case: CaseResult) -> TestCase:
    how = case.exporter if case.target == "onnx" else case.target
    result = _result(case)
    if result is not None:
        result.text = _text("\n".join(_details(case)))
    test = _test(case.model_type, f"{case.feature} ({how})", result)
    test.time = 0.0 if case.cached else case.seconds
    if case.cached:
        test.system_out = "cached: unchanged since it passed"
    return test


def _result(case: CaseResult) -> FinalResult | None:
    if case.outcome == "failed":
        return Failure(_line(what_happened(case)), _line(case.error.type if case.error else "check"))
    if case.outcome == "undecided":
        return Error(_line(what_happened(case)), _line(case.cause or "undecided"))
    return Skipped(_line(f"expected failure: {case.reason}")) if case.outcome == "expected-failure" else None


def _details(case: CaseResult) -> Iterator[str]:
    for check in case.checks:
        if check.outcome in ("failed", "not-run"):
            yield f"{check.name} {check.outcome}: {check.detail}"
    if case.error:
        yield f"{case.error.type}: {case.error.message}"
        yield from (f"  at {frame}" for frame in case.error.frames)
    if case.reason:
        yield case.reason


def _of_finding(finding: Finding) -> TestCase:
    place = f"{finding.path}:{finding.line}:{finding.column}"
    blocks = finding.severity == "error" and finding.status == "new"
    result = (Failure if blocks else Skipped)(_line(finding.message), _line(finding.rule))
    result.text = _text(f"{place}\n{finding.message}\n{finding.hint}\n({finding.status}, {finding.severity})")
    return _test(finding.rule, f"{finding.subject} {place}", result)


def _of_not_checked(item: NotChecked) -> TestCase:
    return _test("not checked", item.what, (Error if item.blocking else Skipped)(_line(item.why)))


def _test(group: str, name: str, result: FinalResult | None) -> TestCase:
    test = TestCase(_line(name), _line(group))
    if result is not None:
        test.result = [result]
    return test


def _line(text: str) -> str:
    return visible(text[:_LONGEST])


def _text(text: str) -> str:
    return visible(text[:_LONGEST], lines=True)
