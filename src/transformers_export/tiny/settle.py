"""Finding a large part of a set of edits that works. Pure but for the question it asks."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from transformers_export.tiny.tree import Path

    Edits = dict[Path, Any]
    Refusal = Callable[[Edits], str]

MOST_QUESTIONS = 150
"""Each question builds a model: about 20 ms for a small one."""
FEWER_QUESTIONS = 12
"""Enough where the model builds already and only its forward refuses: most of those want other inputs."""


def settle(edits: Edits, refusal: Refusal, most: int = MOST_QUESTIONS) -> Edits | None:
    """Take edits back until `refusal` answers with an empty string.

    One edit is taken back at a time, those first whose field the refusal names. Where no single one helps, one that
    changes the refusal is progress and the search goes on from there; where none changes it, pairs are tried.

    Returns:
        The edits that stay, or None when nothing helped or the questions ran out.
    """
    budget = iter(range(most))
    reason = refusal(edits)
    while reason:
        step = _better(edits, reason, refusal, budget, 1) or _better(edits, reason, refusal, budget, 2)
        if step is None:
            return None
        edits, reason = step
    return edits


def _better(edits: Edits, reason: str, refusal: Refusal, budget: Iterable[int], count: int) -> tuple[Edits, str] | None:
    """Leave out `count` edits: return what works, else the first that is refused for another reason."""
    progress = None
    named_first = sorted(edits, key=lambda path: path[-1] not in reason)
    for left_out, _ in zip(combinations(named_first, count), budget, strict=False):
        kept = {path: value for path, value in edits.items() if path not in left_out}
        answer = refusal(kept)
        if not answer:
            return kept, answer
        if answer != reason and progress is None:
            progress = kept, answer
    return progress
