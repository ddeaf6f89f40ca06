"""Parts of a plan for several machines: who runs which cases, and how they know that they speak of the same plan.

Decisions only. `plan --shards` decides once and writes each part down in the matrix, so that machines which have seen
other measurements still run every case exactly once. How verdicts on parts are put together is in `verdict/merge.py`.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from transformers_export import __version__
from transformers_export.cases.costs import costs
from transformers_export.verdict.types import Planned, Shard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from transformers_export.cases.types import Case, Plan

MOST = 256
"""GitHub starts at most this many jobs of one matrix."""
WORTH = 30.0
"""Seconds of exports that are worth a machine: installing torch on it takes longer."""
_WRITTEN = re.compile(r"(\d{1,9})/(\d{1,9})(?::([0-9a-f]{32}):([0-9,-]{1,100000}))?")


class ShardError(Exception):
    """A part that cannot be run; the message says what was expected."""


@dataclass(frozen=True)
class Part:
    """What `--shard` says: `3/20`, or as the matrix has it `3/20:PLAN:0,4-7`."""

    number: int
    total: int
    plan: str = ""
    """Identity of the plan the cases were chosen from."""
    cases: tuple[int, ...] | None = None
    """Places in the plan; None leaves it to the model of costs."""

    def __str__(self) -> str:
        chosen = "" if self.cases is None else f":{self.plan}:{_as_ranges(self.cases)}"
        return f"{self.number}/{self.total}{chosen}"


def read_part(written: str) -> Part:
    """Read what `--shard` was given.

    Raises:
        ShardError: it is no part.
    """
    match = _WRITTEN.fullmatch(written)
    number, total = (int(match[1]), int(match[2])) if match else (0, 0)
    if match is None or not 1 <= number <= total <= MOST:
        raise ShardError(
            f"Expected a part such as 3/20 (of at most {MOST}), or what `plan` wrote, got {written[:80]!r}."
        )
    return Part(number, total, match[3] or "", tuple(_from_ranges(match[4])) if match[4] else None)


def identity(plan: Plan, base: str | None, head: str | None) -> str:
    """Return what two machines must agree on to speak of one plan. The folder the checkout lies in is no part of it."""
    cases = [asdict(replace(case, provider=replace(case.provider, folder=""))) for case in plan.cases]
    content = {
        "version": __version__,
        "base": base,
        "head": head,
        "cases": cases,
        "affected": [asdict(item) for item in plan.affected],
        "not_checked": [asdict(item) for item in plan.not_checked],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def split(seconds: Sequence[float], total: int) -> list[tuple[int, ...]]:
    """Deal cases out to `total` parts so that the longest part is short: the costliest first, each to the least laden.

    Args:
        seconds: cost of each case.
        total: number of parts.

    Returns:
        The places of each part's cases, in order. Every case is in exactly one; the same costs give the same parts.
        The loads of two parts differ by no more than the costliest case.
    """
    loads = [0.0] * total
    parts: list[list[int]] = [[] for _ in range(total)]
    for place in sorted(range(len(seconds)), key=lambda place: (-seconds[place], place)):
        lightest = min(range(total), key=lambda part: (loads[part], part))
        loads[lightest] += seconds[place]
        parts[lightest].append(place)
    return [tuple(sorted(part)) for part in parts]


def parts_of(plan: Plan, base: str | None, head: str | None, most: int, measured: Mapping[str, float]) -> list[Part]:
    """Decide how many machines a plan is worth, at most `most`, and what each runs. An empty plan has no parts."""
    if not plan.cases:
        return []
    seconds = costs(plan.cases, measured)
    total = max(1, min(most, MOST, len(plan.cases), math.ceil(sum(seconds) / WORTH)))
    name = identity(plan, base, head)
    return [Part(number, total, name, cases) for number, cases in enumerate(split(seconds, total), start=1)]


def matrix(parts: Sequence[Part]) -> str:
    """Return the parts as JSON for `strategy.matrix`. Without any its `include` is empty: skip the job then."""
    return json.dumps({"include": [{"name": f"{part.number} of {part.total}", "shard": str(part)} for part in parts]})


def take(plan: Plan, part: Part, base: str | None, head: str | None) -> tuple[Plan, Shard]:
    """Return the part of a plan that one machine runs, and what its verdict says of that.

    Raises:
        ShardError: the part was cut from another plan.
    """
    name = identity(plan, base, head)
    if part.cases is None:
        chosen = split(costs(plan.cases, {}), part.total)[part.number - 1]
    else:
        chosen = part.cases
        if part.plan != name or any(place >= len(plan.cases) for place in chosen):
            raise ShardError(
                f"Shard {part.number}/{part.total} was cut from plan {part.plan}, and here is plan {name}: other "
                "commits, options, settings or another version of transformers-export. Plan again, in the same run."
            )
    cases = tuple(plan.cases[place] for place in chosen)
    planned = tuple(map(_planned, plan.cases))
    return replace(plan, cases=cases), Shard(part.number, part.total, name, planned, chosen)


def _planned(case: Case) -> Planned:
    return Planned(case.model_type, case.feature, case.target, case.exporter)


def _as_ranges(places: Sequence[int]) -> str:
    """`0,4-7` for 0, 4, 5, 6, 7."""
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and place == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], place)
        else:
            runs.append((place, place))
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def _from_ranges(written: str) -> Iterator[int]:
    after = 0
    for run in written.split(","):
        first, _, last = run.partition("-")
        if not first.isdigit() or (last and not last.isdigit()) or ("-" in run and not last):
            raise ShardError(f"Expected places such as 0,4-7 in a part, got {run[:40]!r}.")
        start, stop = int(first), int(last or first)
        if start < after or stop < start or stop - start > 100_000:
            raise ShardError(f"Expected ascending places in a part, got {run[:40]!r}.")
        yield from range(start, stop + 1)
        after = stop + 1
