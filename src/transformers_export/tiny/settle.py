"""Finding the largest part of a set of edits that works. Pure but for the question it asks."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers_export.tiny.tree import Path

MOST_QUESTIONS = 120
"""Each question builds a model: about 50 ms for a small one."""


def settle(edits: dict[Path, Any], refusal: Callable[[dict[Path, Any]], str]) -> dict[Path, Any] | None:
    """Take back one edit, then two at a time, until `refusal` answers with an empty string.

    Returns:
        The edits that stay, or None when taking back two was not enough or the questions ran out.
    """
    asked = 0
    for count in (1, 2):
        for left_out in combinations(edits, count):
            if asked == MOST_QUESTIONS:
                return None
            asked += 1
            kept = {path: value for path, value in edits.items() if path not in left_out}
            if not refusal(kept):
                return kept
    return None
