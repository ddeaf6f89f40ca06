"""What reading alone comes to, as named tuples: findings, what was not checked, and whether that is green.

A static check lives for a tenth of a second, and making the dataclasses of `types.py` would take a fifth of it. Its
records have the same fields as the verdict's own of the same names, into which they are put where a verdict is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers_export.verdict import types
    from transformers_export.verdict.types import (
        CaseResult,
        Conclusion,
        Disagreement,
        FindingStatus,
        Fix,
        Severity,
        Shard,
    )


class Finding(NamedTuple):
    """What one static rule says about one place; see `types.Finding`."""

    rule: str
    severity: Severity
    status: FindingStatus
    path: str
    line: int
    column: int
    subject: str
    message: str
    hint: str


class NotChecked(NamedTuple):
    """Something that was not checked, and why; see `types.NotChecked`."""

    what: str
    why: str
    blocking: bool = False


class Reading(NamedTuple):
    """Everything a static check found."""

    conclusion: Conclusion
    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]
    cases: tuple[CaseResult, ...] = ()
    """None ever, nor what follows: they are what printing asks of a verdict."""
    disagreements: tuple[Disagreement, ...] = ()
    fix: Fix | None = None
    shard: Shard | None = None


def conclude(
    findings: Sequence[Finding | types.Finding],
    cases: Sequence[CaseResult],
    not_checked: Sequence[NotChecked | types.NotChecked],
    *,
    strict: bool = False,
    part: bool = False,
) -> Conclusion:
    """Decide whether a check is green.

    New errors, failed or undecided cases and anything blocking that was not checked make it red; with `strict` so do
    standing errors. Advice never does. Cases of which none passed are never green, unless they are only a `part` of the
    plan: that is then held against the whole.
    """
    blocking_status = {"new", "standing"} if strict else {"new"}
    red = (
        any(f.severity == "error" and f.status in blocking_status for f in findings)
        or any(c.outcome in ("failed", "undecided") for c in cases)
        or any(n.blocking for n in not_checked)
        or (bool(cases) and not part and not any(c.outcome == "passed" for c in cases))
    )
    return "failure" if red else "success"
