"""What a report shows of one export: its row in the table, its checks, and why it failed.

Nothing here is escaped yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.report import comparison, figures, growth
from transformers_export.report.escape import documentation
from transformers_export.report.shown import CheckLine, Failure, Row, Spot
from transformers_export.report.words import case_name, cutter, exporter, what_happened

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers_export.report.shown import Limits
    from transformers_export.verdict.types import CaseResult, CheckResult, Located

_ICONS = {"passed": "✅", "failed": "❌", "expected-failure": "⚪", "undecided": "❔"}
_CAUSES = {
    "change": "this change",
    "environment": "the environment, not this change",
    "upstream": "a library this project uses, not this change",
}
PATH = 1000
"""Characters of a path that are looked at; an address as long is not linked."""


def row(case: CaseResult, cut: Callable[[str], str]) -> Row:
    """Its line in the table; every text of the verdict goes through `cut`."""
    return Row(
        icon=_ICONS[case.outcome],
        model=cut(case.model_type),
        feature=cut(case.feature),
        exporter=cut(exporter(case)),
        checks=cut(_checks(case)),
        difference=comparison.difference(case),
        opset=comparison.opset(case),
        nodes=comparison.nodes(case),
        size=comparison.size(case),
        seconds=comparison.seconds(case),
        memory=figures.size(case.peak_bytes),
    )


def _checks(case: CaseResult) -> str:
    """`5/5`, and the ones that failed by name. What was not run counts as not passed."""
    if not case.checks:
        return figures.NOTHING
    done = sum(check.outcome in ("passed", "advice") for check in case.checks)
    failed = ", ".join(check.name for check in case.checks if check.outcome == "failed")
    return f"{done}/{len(case.checks)} {failed}".strip()


def check_line(case: CaseResult, check: CheckResult, cut: Callable[[str], str]) -> CheckLine:
    """One of its checks."""
    return CheckLine(
        case=cut(case_name(case)),
        name=cut(check.name),
        outcome=check.outcome.replace("-", " "),
        figure=figures.number(check.figure),
        limit=figures.number(check.limit),
        detail=cut(check.detail),
    )


def failure(case: CaseResult, limits: Limits) -> Failure:
    """What went wrong, where, and whose it is; also for an export that passed with warnings."""
    cut = cutter(limits.text)
    return Failure(
        icon=_ICONS[case.outcome],
        name=cut(case_name(case)),
        what=cutter(min(limits.text, 140))(what_happened(case)),
        cause=_CAUSES.get(case.cause or "", ""),
        trace=_trace(case, limits),
        checks=tuple(check_line(case, check, cut) for check in case.checks if check.outcome in ("failed", "not-run")),
        reason=cut(case.reason),
        warnings=tuple(cut(warning) for warning in case.warnings[: limits.notes]),
        place=_spot(case, case.located, cut) if case.located and limits.frames else None,
        did=cut(case.fault.did) if case.fault else "",
        why=cut(_why(case)),
        hint=cut(case.error.hint) if case.error else "",
        link=documentation(case.error.link) or "" if case.error else "",
    )


def _why(case: CaseResult) -> str:
    said = case.fault.why if case.fault else ""
    return f"Whose failure this is, is not known. {said}" if case.cause == "unknown" else said


def _spot(case: CaseResult, located: Located, cut: Callable[[str], str]) -> Spot:
    return Spot(
        module=cut(located.module),
        class_name=cut(located.class_name),
        path=located.path[-PATH:],
        line=located.line,
        linked=any(one.inside and one.path == located.path for one in case.imported),
        operator=cut(located.operator),
        node=cut(located.node),
        torch_operator=cut(located.torch_operator),
        at=cut(located.at),
        absent=located.absent,
        bars=growth.bars(located.growth, cut),
        chart=growth.chart(located.growth),
    )


def _trace(case: CaseResult, limits: Limits) -> str:
    if case.error is None:
        return ""
    cut = cutter(limits.text)
    frames = case.error.frames[: limits.frames]
    left = len(case.error.frames) - len(frames)
    lines = [cut(f"{case.error.type}: {case.error.message}".strip())]
    lines += [f"  {cut(case.error.operator)} could not be captured"] if case.error.operator else []
    lines += [f"  at {cut(frame)}" for frame in frames]
    lines += [f"  and {figures.counted(left, 'more frame')}"] if left and frames else []
    lines += [f"  given {cut(given)}" for given in case.error.inputs[: limits.frames]]
    return "\n".join(lines)
