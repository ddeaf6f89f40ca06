"""Whose a failure is: decisions from results alone. Running a failing case again, and at the base, is in `again.py`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from transformers_export.verdict.types import Fault

if TYPE_CHECKING:
    from transformers_export.verdict.types import CaseResult

_FROZEN = re.compile(r"axis (?P<axis>\d+) of (?P<tensor>\S+?) (?:is frozen|is fixed)")
_SHORT = 7
"""Digits of a commit that people read."""


def after_second_run(first: CaseResult, second: CaseResult) -> CaseResult:
    """Tell noise from fault: the result of a case that failed, and was run once more with the same seeds.

    One that fails and passes is neither: nothing is verified, and nobody's fault is shown.
    """
    if second.outcome == "passed":
        reason = f"Noise: it failed, and passed on a second run with the same seeds. The first run said: {said(first)}"
        return replace(first, outcome="undecided", cause="unknown", reason=reason)
    if second.outcome == "failed" and said(second) != said(first):
        warning = f"It failed in another way on a second run with the same seeds: {said(second)}"
        return replace(first, warnings=(*first.warnings, warning))
    return first


def judged(head: CaseResult, base: CaseResult | None, commit: str) -> CaseResult:
    """Say whose a failure is, by what the same export comes to at the base.

    Args:
        head: The failure.
        base: What the base came to; None where it has no such export.
        commit: The base's.
    """
    at = f"the base, {commit[:_SHORT]}"
    if base is None:
        return replace(head, fault=Fault(f"Not asked: {at}, has no such export."))
    if base.outcome not in ("passed", "failed"):
        return replace(head, cause="unknown", fault=Fault(f"It could not be run at {at}: {base.reason}"))
    if why := not_proved(head, base):
        return replace(head, cause="unknown", fault=Fault(f"It could not be run from the files of {at}: {why}"))
    if base.outcome == "passed":
        return replace(head, cause="change", fault=Fault(f"The same export passes at {at}.", what_changed(head, base)))
    if failing(head) <= failing(base):
        return replace(head, cause="upstream", fault=Fault(f"It fails at {at}, too: {said(base)}"))
    return replace(
        head,
        cause="change",
        fault=Fault(f"It fails at {at}, too, in another way: {said(base)}", what_changed(head, base)),
    )


def without_change(result: CaseResult) -> CaseResult:
    """Blame no change where there is none: nothing was compared with a base."""
    if result.cause != "change":
        return result
    why = "No change was compared with a base here. Compare one with --base."
    return replace(result, cause="unknown", fault=result.fault or Fault(why))


def judged_hang(head: CaseResult, asked: CaseResult, base: CaseResult, commit: str) -> CaseResult:
    """Say whose it is that an export ran past its time limit, by what one of those came to at the base.

    Args:
        head: The export.
        asked: The one that was run at the base; it stands for the others.
        base: What that came to.
        commit: The base's.
    """
    at = f"the base, {commit[:_SHORT]}"
    which = "The same export" if head is asked else f"Another such export, {asked.model_type}/{asked.feature},"
    if base.outcome == "undecided":
        return replace(head, cause="environment", fault=Fault(f"{which} could not be decided at {at}: {base.reason}"))
    if why := not_proved(asked, base):
        return replace(head, cause="unknown", fault=Fault(f"It could not be run from the files of {at}: {why}"))
    why = f"{which} took {base.seconds:.0f} s at {at}."
    return replace(head, cause="change", fault=Fault(why, "made the export run past its time limit"))


def not_proved(head: CaseResult, base: CaseResult) -> str:
    """Why nothing shows that the base's own files were run; empty where something does.

    What was imported from the checked repository at the head must have been at the base.
    """
    if not base.imported:
        return said(base)
    inside = {one.what: one for one in base.imported if one.inside}
    for one in head.imported:
        if one.inside and one.what not in inside:
            other = next((found.path for found in base.imported if found.what == one.what), "nowhere")
            return f"its {one.what} was imported from {other}"
    return "" if head.imported or inside else "none of its files was imported"


def what_changed(head: CaseResult, base: CaseResult) -> str:
    """What the change did, to be read after "This change": `froze axis 1 of last_hidden_state`."""
    if head.error is not None:
        return f"made the export fail with {head.error.type}"
    failed = {check.name: check for check in head.checks if check.outcome == "failed"}
    passed = {check.name for check in base.checks if check.outcome in ("passed", "advice")}
    for name, check in failed.items():
        if frozen := list(dict.fromkeys(_FROZEN.findall(check.detail))):
            return "froze " + " and ".join(f"axis {axis} of {tensor}" for axis, tensor in frozen)
        if name == "values" and head.max_difference is not None:
            before = f", {base.max_difference:.1e} before" if base.max_difference is not None else ""
            place = f" in {head.located.module or head.located.class_name}" if head.located else ""
            return f"made the values differ{place}: max |Δ| {head.max_difference:.1e}{before}"
    broken = [name for name in failed if name in passed] or list(failed)
    names = " and ".join(f"`{name}`" for name in broken)
    detail = next((failed[name].detail for name in broken), "")
    return f"broke {names or 'the export'}" + (f": {detail}" if detail else "")


def failing(case: CaseResult) -> frozenset[str]:
    """What of a case fails: its checks by name, or the type of its error."""
    failed = {check.name for check in case.checks if check.outcome in ("failed", "not-run")}
    return frozenset(failed | ({case.error.type} if case.error else set()))


def said(case: CaseResult) -> str:
    """Why a case did not pass, in a line."""
    if case.error is not None:
        lines = case.error.message.strip().splitlines() or [""]
        return f"{case.error.type}: {lines[0]}"
    failed = [check for check in case.checks if check.outcome in ("failed", "not-run")]
    return "; ".join(f"{check.name}: {check.detail}" for check in failed) or case.reason or case.outcome
