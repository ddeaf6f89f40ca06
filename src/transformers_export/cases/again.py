"""Failing cases are run once more, and at the base: is it noise, and whose fault is it?

Only what fails costs anything here. The decisions are in `fault.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transformers_export.cases.fault import after_second_run, judged, judged_hang, without_change
from transformers_export.cases.limits import PAST_TIME
from transformers_export.cases.versions import EnvironmentProblem
from transformers_export.cases.workers import run_cases
from transformers_export.checkout import checkout_of
from transformers_export.source.git import GitError
from transformers_export.verdict.types import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from transformers_export.cases.plan import Exportable
    from transformers_export.cases.types import Case
    from transformers_export.cases.workers import Workers
    from transformers_export.verdict.types import CaseResult

    Results = tuple[CaseResult, ...]
    Place = Callable[[Case, Path], Case]
    Say = Callable[[str], None]

MOST = 8
"""Failing cases that are run again; each takes as long as it took, twice."""


@dataclass(frozen=True)
class Base:
    """What the change is compared with."""

    root: Path
    commit: str
    exportable: Exportable
    place: Place
    """Puts a case's provider into another folder than the repository."""
    source: tuple[str, ...] = ()
    """Folders of the repository that Python searches first: those of a transformers checkout."""


def look_again(
    cases: tuple[Case, ...],
    results: Results,
    workers: Workers,
    base: Base | None,
    say: Say = lambda message: None,
) -> Results:
    """Run the first `MOST` failing cases again, then, where they fail again, at the base.

    Args:
        cases: All cases, placed where they ran.
        results: What became of each.
        workers: Where and how they ran.
        base: None where there is nothing to compare with.
        say: called before each round, which takes as long as the cases took.

    Returns:
        The results, each failure with what is known of whose it is.
    """
    failing = [place for place, result in enumerate(results) if _counts(result)]
    chosen, rest = failing[:MOST], failing[MOST:]
    changed = dict(enumerate(results))
    for place in rest:
        why = f"Not asked: only the first {MOST} failing exports are run again and at the base."
        changed[place] = replace(results[place], cause="unknown", fault=Fault(why))
    if chosen:
        say(f"{len(chosen)} failing: run once more, to tell noise from fault")
    for place, second in _run(cases, chosen, workers).items():
        changed[place] = after_second_run(results[place], second)
    asked = [place for place in chosen if changed[place].outcome == "failed"]
    if base is not None and asked:
        changed.update(_at_base({place: changed[place] for place in asked}, cases, workers, base, say))
    hanging = {place: result for place, result in changed.items() if _hangs(result)}
    if base is not None and hanging:
        changed.update(_hanging(hanging, cases, workers, base, say))
    if base is None:
        changed = {place: without_change(result) for place, result in changed.items()}
    return tuple(changed[place] for place in range(len(results)))


def _counts(result: CaseResult) -> bool:
    """Whether it is a failure of an export, and not of what the settings say, nor of this machine."""
    unexpected = result.error is not None and result.error.type == "UnexpectedPass"
    return result.outcome == "failed" and result.cause != "environment" and not unexpected


def _hangs(result: CaseResult) -> bool:
    return result.outcome == "undecided" and result.reason.startswith(PAST_TIME)


def _hanging(
    hanging: Mapping[int, CaseResult], cases: tuple[Case, ...], workers: Workers, base: Base, say: Say
) -> dict[int, CaseResult]:
    """Run one of the exports that ran past their time limit at the base: it may take as long again."""
    had = base.exportable.features
    place = next((one for one in hanging if cases[one].feature in had.get(cases[one].model_type, ())), None)
    if place is None:
        why = f"Not asked: the base, {base.commit[:7]}, has no such export."
        return {one: replace(result, cause="unknown", fault=Fault(why)) for one, result in hanging.items()}
    say(f"{len(hanging)} past their time limit: one of them run at the base, {base.commit[:7]}")
    try:
        found = _there([place], cases, workers, base)
    except GitError as error:
        why = f"The base, {base.commit[:7]}, could not be laid out: {error}"
        return {one: replace(result, cause="unknown", fault=Fault(why)) for one, result in hanging.items()}
    if place not in found:
        return {}
    asked = hanging[place]
    return {one: judged_hang(result, asked, found[place], base.commit) for one, result in hanging.items()}


def _there(places: list[int], cases: tuple[Case, ...], workers: Workers, base: Base) -> dict[int, CaseResult]:
    """Run cases at the base.

    Raises:
        GitError: It cannot be laid out.
    """
    with checkout_of(base.root, base.commit) as folder:
        there = tuple(
            base.place(replace(case, provider=base.exportable.provider, expected_failure=None), folder)
            for case in cases
        )
        search = tuple(folder / part for part in base.source) or workers.search_path
        return _run(there, places, replace(workers, search_path=search))


def _run(cases: tuple[Case, ...], places: list[int], workers: Workers) -> dict[int, CaseResult]:
    if not places:
        return {}
    try:
        outcome = run_cases(tuple(cases[place] for place in places), workers)
    except EnvironmentProblem:
        return {}
    return dict(zip(places, outcome.results, strict=True))


def _at_base(
    failed: Mapping[int, CaseResult], cases: tuple[Case, ...], workers: Workers, base: Base, say: Say
) -> dict[int, CaseResult]:
    had = base.exportable.features
    shared = [place for place in failed if cases[place].feature in had.get(cases[place].model_type, ())]
    judgements = {place: judged(failed[place], None, base.commit) for place in failed if place not in shared}
    if not shared:
        return judgements
    say(f"{len(shared)} failing: run at the base, {base.commit[:7]}, to tell whose fault it is")
    try:
        found = _there(shared, cases, workers, base)
    except GitError as error:
        why = f"The base, {base.commit[:7]}, could not be laid out: {error}"
        return judgements | {p: replace(failed[p], cause="unknown", fault=Fault(why)) for p in shared}
    for place in shared:
        if place in found:
            judgements[place] = judged(failed[place], found[place], base.commit)
    return judgements
