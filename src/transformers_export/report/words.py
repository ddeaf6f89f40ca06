"""What a report says in a few words of a verdict and of a case: its colour, its facts, the command to run at home.

Nothing here is escaped yet.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transformers_export.report import figures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from transformers_export.verdict.types import CaseResult, Verdict

_SHA = re.compile(r"[0-9a-f]{7,64}")


def is_red(verdict: Verdict) -> bool:
    """Whether a report must not look green. Asks the cases too: of which none passed, nothing is green."""
    undone = any(case.outcome in ("failed", "undecided") for case in verdict.cases)
    none_passed = bool(verdict.cases) and not count(verdict.cases, "passed")
    return verdict.conclusion != "success" or undone or none_passed


def icon(verdict: Verdict) -> str:
    """Red, green, or neither when there was nothing to verify."""
    if is_red(verdict):
        return "❌"
    return "✅" if verdict.cases else "⚪"


def facts(verdict: Verdict) -> tuple[str, ...]:
    """What the headline does not say, the most important first."""
    new = [f for f in verdict.findings if f.status == "new"]
    amounts = (
        (sum(f.severity == "error" for f in new), "new error", None),
        (count(verdict.cases, "failed"), "failed", "failed"),
        (count(verdict.cases, "undecided"), "undecided", "undecided"),
        (sum(n.blocking for n in verdict.not_checked), "could not be checked", "could not be checked"),
        (sum(f.severity == "advice" for f in new), "piece of advice", "pieces of advice"),
        (count(verdict.cases, "expected-failure"), "expected failure", None),
        (sum(f.status == "standing" for f in verdict.findings), "standing finding", None),
        (sum(f.status == "fixed" for f in verdict.findings), "fixed", "fixed"),
        (sum(case.cached for case in verdict.cases), "cached", "cached"),
    )
    part = (f"shard {verdict.shard.number} of {verdict.shard.total}",) if verdict.shard else ()
    return (*(figures.counted(amount, one, many) for amount, one, many in amounts if amount), *part)


def local_command(verdict: Verdict) -> str:
    """The command that checks the same change again. Nothing of it is taken from the verdict unread."""
    base = sha(verdict.base)
    used = {case.exporter for case in verdict.cases} & {"dynamo", "legacy"}
    exporter = "both" if len(used) == 2 else next(iter(used), "")
    return " ".join(
        ["transformers-export check"]
        + (["--all"] if base and base == verdict.head else [f"--base {base}"] if base else [])
        + ([f"--exporter {exporter}"] if exporter else [])
    )


def case_name(case: CaseResult) -> str:
    """`distilbert / masked-lm / dynamo`."""
    return " / ".join((case.model_type, case.feature, exporter(case)))


def what_happened(case: CaseResult) -> str:
    """Why a case did not pass, in one line."""
    if case.error is not None:
        return f"{case.error.type}: {case.error.message}".strip().splitlines()[0]
    for check in case.checks:
        if check.outcome == "failed":
            return f"{check.name}: {check.detail}" if check.detail else f"the check {check.name} failed"
    return case.reason or case.outcome


def exporter(case: CaseResult) -> str:
    """The exporter, or the target where that is another file than ONNX."""
    return case.exporter if case.target == "onnx" else case.target


def shortened(text: str, length: int) -> str:
    """The text, or its beginning when it is longer than `length` characters."""
    return text if len(text) <= length else text[: length - 1] + "…"


def cutter(length: int) -> Callable[[str], str]:
    """`shortened` for one length."""
    return lambda text: shortened(text, length)


def sha(value: str | None) -> str | None:
    """A commit as it was given; nothing where it is none."""
    return value if value and _SHA.fullmatch(value) else None


def count(cases: Iterable[CaseResult], outcome: str) -> int:
    """How many cases came to this outcome."""
    return sum(case.outcome == outcome for case in cases)
