"""Running cases with a cache: what passed before and is unchanged comes from there, the rest is exported and kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transformers_export.cases.identity import Identity, identities
from transformers_export.cases.workers import Outcome, Progress, Workers, run_cases

if TYPE_CHECKING:
    from pathlib import Path

    from transformers_export.cases.cache import Cache
    from transformers_export.cases.types import Case
    from transformers_export.source.snapshot import Snapshot


@dataclass(frozen=True)
class Checked:
    """What the cases run on."""

    snapshot: Snapshot
    """The repository as it was read."""
    folder: Path
    """Where its code lies that the cases run."""


def run_or_reuse(
    cases: tuple[Case, ...], workers: Workers, progress: Progress, cache: Cache, checked: Checked
) -> Outcome:
    """Run what the cache does not have. Where it has everything, no worker is started and nothing heavy imported.

    Raises:
        EnvironmentProblem: the project interpreter cannot run the cases that are left.
    """
    snapshot = checked.snapshot
    before = dict(snapshot.tree.objects())
    known = identities(cases, snapshot, workers.python, checked.folder, workers.search_path, workers.repository)
    entries = {
        place: entry
        for place, (case, identity) in enumerate(zip(cases, known, strict=True))
        if identity.key and (entry := cache.find(case, identity.key)) is not None
    }
    for place, entry in entries.items():
        progress(cases[place], entry.result)
    left = [place for place in range(len(cases)) if place not in entries]
    if not left:
        versions = next(iter(entries.values())).versions if entries else {}
        return Outcome(tuple(entries[place].result for place in range(len(cases))), versions, _said(cache, known), "")
    outcome = run_cases(tuple(cases[place] for place in left), workers, progress)
    fresh = {place: replace(result, key=known[place].key) for place, result in zip(left, outcome.results, strict=True)}
    # What was edited while cases ran is no longer what the keys stand for.
    if dict(snapshot.tree.objects()) == before:
        for result in fresh.values():
            cache.keep(result, outcome.versions)
        cache.prune()
    else:
        fresh = {place: replace(result, key="") for place, result in fresh.items()}
    results = tuple(fresh[place] if place in fresh else entries[place].result for place in range(len(cases)))
    return replace(outcome, results=results, warnings=(*outcome.warnings, *_said(cache, known)))


def _said(cache: Cache, known: list[Identity]) -> tuple[str, ...]:
    """What is wrong with entries, and why cases have no identity: each once."""
    reasons = dict.fromkeys(identity.why_not for identity in known if identity.why_not)
    return (*cache.warnings, *(f"Nothing is cached for some exports: {why}." for why in reasons))
