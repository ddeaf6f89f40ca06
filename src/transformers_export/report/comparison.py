"""What a change did to the figures of an export, against those of an earlier verdict. Words for small cells.

Seconds and differences are noisy: they are spoken of only where they are far from what they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.report import figures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from transformers_export.verdict.types import CaseResult, Verdict

_MUCH_LONGER, _MUCH_MORE_SECONDS = 2.0, 5.0
"""Both must hold before a time is worth a word: machines differ, and short exports vary most."""
_MUCH_MORE_DIFFERENT = 10.0
_SIZE = 0.01
"""Share of a file's size below which a change is not shown."""


def nodes(case: CaseResult) -> str:
    """The number of nodes, and by how much it changed."""
    before = case.before.nodes if case.before else None
    return figures.count(case.nodes) + _delta(case.nodes, before, lambda change: f"{change:+,}")


def size(case: CaseResult) -> str:
    """The size, and by how much it changed."""
    before = case.before.bytes if case.before else None
    if case.bytes is None or not before or abs(case.bytes - before) < _SIZE * before:
        return figures.size(case.bytes)
    return f"{figures.size(case.bytes)} ({(case.bytes - before) / before:+.0%})"


def opset(case: CaseResult) -> str:
    """The opset, and which one it was."""
    before = case.before.opset if case.before else None
    return figures.count(case.opset) + _delta(case.opset, before, lambda _: f"was {before}")


def difference(case: CaseResult) -> str:
    """The largest difference against the tolerance, and what it was where that is far away."""
    shown = figures.difference(case.max_difference, case.tolerance)
    before = case.before.max_difference if case.before else None
    far = case.max_difference and before and _far(case.max_difference, before, _MUCH_MORE_DIFFERENT)
    return f"{shown} (was {figures.number(before)})" if far else shown


def seconds(case: CaseResult) -> str:
    """The time, `cached` where nothing was exported, and what it was where that is far away."""
    if case.cached:
        return "cached"
    shown, before = figures.seconds(case.seconds), case.before.seconds if case.before else 0.0
    if before <= 0 or case.seconds <= 0 or abs(case.seconds - before) <= _MUCH_MORE_SECONDS:
        return shown
    return f"{shown} (was {figures.seconds(before)})" if _far(case.seconds, before, _MUCH_LONGER) else shown


def compared(verdict: Verdict) -> str:
    """One sentence on what the cases were compared with, and what came of it; nothing without an earlier verdict."""
    baseline = verdict.baseline
    if baseline is None or not verdict.cases:
        return ""
    with_one = [case for case in verdict.cases if case.before]
    at = f" of `{baseline.head[:7]}`" if baseline.head else ""
    if not with_one:
        return f"The earlier verdict{at} has none of these exports: there is nothing to compare."
    changed = sum(_changed(case) for case in with_one)
    said = [f"{figures.counted(changed, 'export')} changed" if changed else "no figure changed"]
    said += _outcomes(with_one)
    new = len(verdict.cases) - len(with_one)
    said += [f"{figures.counted(new, 'export')} new"] if new else []
    notes = ", ".join(_notes(verdict))
    return f"Compared with the earlier verdict{at}{f' ({notes})' if notes else ''}: {', '.join(said)}."


def _outcomes(cases: list[CaseResult]) -> Iterator[str]:
    worse = sum(c.before.outcome == "passed" and c.outcome != "passed" for c in cases if c.before)
    better = sum(c.outcome == "passed" and c.before.outcome != "passed" for c in cases if c.before)
    if worse:
        yield f"{worse} passed there"
    if better:
        yield f"{better} did not pass there"


def _notes(verdict: Verdict) -> Iterator[str]:
    baseline = verdict.baseline
    if baseline is None:
        return
    if baseline.head and verdict.base and baseline.head != verdict.base:
        yield "not the base of this change"
    for name in ("python", "torch", "transformers", "onnx", "onnxruntime", "onnxscript"):
        there, here = baseline.versions.get(name), verdict.versions.get(name)
        if there and here and there != here:
            yield f"there with {name} {there[:40]}"


def _changed(case: CaseResult) -> bool:
    return any("(" in shown(case) for shown in (nodes, size, opset, difference, seconds))


def _delta(now: int | None, before: int | None, say: Callable[[int], str]) -> str:
    return f" ({say(now - before)})" if now is not None and before is not None and now != before else ""


def _far(one: float, other: float, factor: float) -> bool:
    return one > factor * other or other > factor * one
