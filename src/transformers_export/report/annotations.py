"""Which remarks go to the run's page and to the lines of the diff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.github.annotation import Annotation, Level
from transformers_export.report.view import case_name, what_happened

if TYPE_CHECKING:
    from transformers_export.verdict.types import CaseResult, Finding, Verdict


def remarks(verdict: Verdict) -> tuple[Annotation, ...]:
    """New findings at their lines, failed and undecided cases at the file that made us check them, and what could
    not be checked. Standing and fixed findings are left to the report: nobody changed those lines."""
    places = {affected.model_type: affected.path for affected in reversed(verdict.affected)}
    return (
        *(_of_finding(finding) for finding in verdict.findings if finding.status == "new"),
        *(
            _of_case(case, places.get(case.model_type))
            for case in verdict.cases
            if case.outcome in ("failed", "undecided")
        ),
        *(Annotation("error", f"Not checked: {n.what}", n.why) for n in verdict.not_checked if n.blocking),
    )


def _of_finding(finding: Finding) -> Annotation:
    message = f"{finding.message} {finding.hint}".strip()
    level: Level = "error" if finding.severity == "error" else "notice"
    return Annotation(level, finding.rule, message, finding.path, finding.line, finding.column)


def _of_case(case: CaseResult, path: str | None) -> Annotation:
    verb = "failed" if case.outcome == "failed" else "is undecided"
    return Annotation("error", f"{case_name(case)} {verb}", what_happened(case), path)
