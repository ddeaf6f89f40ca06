"""Which remarks go to the run's page and to the lines of the diff."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transformers_export.github.annotation import Annotation, Level
from transformers_export.report.words import case_name, shortened, what_happened
from transformers_export.verdict.visible import visible

if TYPE_CHECKING:
    from transformers_export.verdict.types import CaseResult, Finding, Verdict


_TITLE, _MESSAGE = 200, 2000
"""Characters of an annotation. GitHub folds away what is longer; the report has it in full."""
_PATH = 500


def remarks(verdict: Verdict) -> tuple[Annotation, ...]:
    """New findings at their lines, failed and undecided cases at the file that made us check them, and what could
    not be checked. Standing and fixed findings are left to the report: nobody changed those lines.

    Of one shard nothing: the report on all of them says it once, where twenty would each repeat every finding.
    """
    if verdict.shard is not None:
        return ()
    places = {affected.model_type: affected.path for affected in reversed(verdict.affected)}
    made = (
        *(_of_finding(finding) for finding in verdict.findings if finding.status == "new"),
        *(
            _of_case(case, places.get(case.model_type))
            for case in verdict.cases
            if case.outcome in ("failed", "undecided")
        ),
        *(Annotation("error", f"Not checked: {n.what}", n.why) for n in verdict.not_checked if n.blocking),
    )
    return tuple(_readable(annotation) for annotation in made)


def _readable(annotation: Annotation) -> Annotation:
    """Cut to a length, and with nothing hidden in it. A path that would need either leads nowhere and is left out."""
    path = annotation.path or ""
    leads = 0 < len(path) <= _PATH and visible(path) == path
    return replace(
        annotation,
        title=visible(shortened(annotation.title, _TITLE)),
        message=visible(shortened(annotation.message, _MESSAGE), lines=True),
        path=path if leads else None,
    )


def _of_finding(finding: Finding) -> Annotation:
    message = f"{finding.message} {finding.hint}".strip()
    level: Level = "error" if finding.severity == "error" else "notice"
    return Annotation(level, finding.rule, message, finding.path, finding.line, finding.column)


def _of_case(case: CaseResult, path: str | None) -> Annotation:
    verb = "failed" if case.outcome == "failed" else "is undecided"
    return Annotation("error", f"{case_name(case)} {verb}", what_happened(case), path)
