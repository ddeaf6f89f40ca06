"""Many verdicts on parts of one plan become one verdict on the whole of it.

Decisions only. What the parts of a plan are is decided in `cases/shards.py`; where the files come from, in `cli/`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from transformers_export.verdict.disagree import disagreements
from transformers_export.verdict.types import CaseResult, NotChecked, conclude

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transformers_export.verdict.types import Planned, Shard, Verdict

T = TypeVar("T")
_MOST = 10_000
"""Shards of a plan; a number beyond has only one purpose."""
_NAMED = 10
"""How many lost cases are named in a sentence; each has a line in the report besides."""


class MergeError(Exception):
    """The verdicts are not parts of one plan; the message says which differ and what to do."""


def merge(parts: Sequence[Verdict], *, unread: Sequence[NotChecked] = ()) -> Verdict:
    """Put the parts of a plan together.

    Cases are in the order of the plan; a planned case that no part reports is undecided, and the shard that left no
    verdict is named among what was not checked. Findings that several parts repeat are there once. The conclusion is
    never greener than that of any part.

    Args:
        parts: at least one verdict, in any order.
        unread: what is to be said of files that could not be read as a part.

    Raises:
        MergeError: they are of different plans, versions of this tool or commits, a shard is there twice, or a part
            does not have the cases it says.
    """
    shards = [(_shard(verdict), verdict) for verdict in parts]
    _require_one_plan(shards)
    shards.sort(key=lambda pair: pair[0].number)
    first = shards[0][0]
    results = _results(shards)
    lost = [place for place in range(len(first.planned)) if place not in results]
    present = {shard.number for shard, _ in shards}
    missing = [number for number in range(1, first.total + 1) if number not in present]
    if lost and not missing:
        raise MergeError(
            f"All {first.total} shards are here, and {_names(first.planned, lost)} is in none of them. "
            "Give every shard what `transformers-export plan --shards` put into the matrix."
        )
    cases = tuple(
        results[place] if place in results else _undecided(planned, missing)
        for place, planned in enumerate(first.planned)
    )
    verdicts = [verdict for _, verdict in shards]
    findings = _once(finding for verdict in verdicts for finding in verdict.findings)
    said = _once(item for verdict in verdicts for item in verdict.not_checked)
    not_checked = (*said, *_missing(first, missing, lost), *unread)
    red = any(verdict.conclusion == "failure" for verdict in verdicts)
    return replace(
        verdicts[0],
        conclusion="failure" if red else conclude(findings, cases, not_checked),
        versions=_together([verdict.versions for verdict in verdicts]),
        findings=findings,
        cases=cases,
        not_checked=not_checked,
        disagreements=disagreements(cases),
        affected=_once(item for verdict in verdicts for item in verdict.affected),
        isolation=" ".join(_once(verdict.isolation for verdict in verdicts if verdict.isolation)),
        shard=None,
        baseline=next((verdict.baseline for verdict in verdicts if verdict.baseline), None),
    )


def _shard(verdict: Verdict) -> Shard:
    shard = verdict.shard
    if shard is None:
        raise MergeError("Expected parts of one plan, got a verdict that is no part: it was made without --shard.")
    expected = [_what(shard.planned[place]) for place in shard.cases if 0 <= place < len(shard.planned)]
    if not 1 <= shard.number <= shard.total <= _MOST or len(expected) != len(shard.cases):
        raise MergeError(f"Shard {shard.number} of {shard.total} names a number or cases its plan does not have.")
    if expected != [_what(case) for case in verdict.cases]:
        raise MergeError(f"Shard {shard.number} of {shard.total} does not report the cases it says it has.")
    return shard


def _what(case: Planned | CaseResult) -> tuple[str, str, str]:
    """What a case is, without its exporter: of `auto` the result says which one it was."""
    return case.model_type, case.feature, case.target


def _require_one_plan(shards: Sequence[tuple[Shard, Verdict]]) -> None:
    (first, verdict), *others = shards
    for shard, other in others:
        pairs = {
            "the plan (other options, settings or code)": (first.plan, shard.plan),
            "the cases planned": (first.planned, shard.planned),
            "the number of shards": (first.total, shard.total),
            "the base": (verdict.base, other.base),
            "the head": (verdict.head, other.head),
            "the version of transformers-export": (verdict.tool, other.tool),
        }
        for what, (one, two) in pairs.items():
            if one != two:
                shown = f": {one} and {two}" if isinstance(one, str | int) else ""
                raise MergeError(
                    f"Shards {first.number} and {shard.number} do not belong together: {what} differs{shown}. "
                    "Merge verdicts of one run only."
                )
    numbers = [shard.number for shard, _ in shards]
    twice = next((number for number in numbers if numbers.count(number) > 1), None)
    if twice is not None:
        raise MergeError(f"Shard {twice} of {first.total} is here twice. Merge verdicts of one run only.")


def _results(shards: Iterable[tuple[Shard, Verdict]]) -> dict[int, CaseResult]:
    results: dict[int, CaseResult] = {}
    for shard, verdict in shards:
        for place, case in zip(shard.cases, verdict.cases, strict=True):
            if place in results:
                raise MergeError(
                    f"{_names(shard.planned, [place])} is in two shards. "
                    "Give every shard what `transformers-export plan --shards` put into the matrix."
                )
            results[place] = case
    return results


def _undecided(planned: Planned, missing: list[int]) -> CaseResult:
    return CaseResult(
        planned.model_type,
        planned.feature,
        planned.target,
        planned.exporter,
        "undecided",
        cause="environment",
        reason=f"{_shards(missing)} left no verdict.",
    )


def _missing(first: Shard, missing: list[int], lost: list[int]) -> tuple[NotChecked, ...]:
    if not missing:
        return ()
    cases = f"not exported: {_names(first.planned, lost)}" if lost else "no export was planned in it"
    why = f"left no verdict, of {first.total}; {cases}. The log of its job says why"
    return (NotChecked(_shards(missing).lower(), f"{why}.", blocking=True),)


def _shards(numbers: list[int]) -> str:
    return f"{'Shard' if len(numbers) == 1 else 'Shards'} {', '.join(map(str, numbers))}"


def _names(planned: Sequence[Planned], places: Sequence[int]) -> str:
    named = [f"{planned[place].model_type}/{planned[place].feature}" for place in places[:_NAMED]]
    more = len(places) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _once(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))


def _together(said: Sequence[dict[str, str]]) -> dict[str, str]:
    """Versions of all parts; where they differ, every one of them is named."""
    names = dict.fromkeys(name for versions in said for name in versions)
    return {name: ", ".join(_once(versions[name] for versions in said if name in versions)) for name in names}
