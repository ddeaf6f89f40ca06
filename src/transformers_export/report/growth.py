"""How a difference grows along a network: what the report draws. Numbers only; words are the templates'."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transformers_export.report import figures

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transformers_export.verdict.types import Divergence

MOST = 24
"""Bars of a chart: more cannot be told apart in a comment."""
_SMALLEST, _LARGEST = -4.0, 8.0
"""Powers of ten of the tolerance that are drawn."""


@dataclass(frozen=True)
class Bar:
    """One module of the chart."""

    number: str
    module: str
    class_name: str
    difference: str
    share: str


def bars(growth: Sequence[Divergence], cut: Callable[[str], str]) -> tuple[Bar, ...]:
    """The modules of the chart, numbered from 1."""
    return tuple(
        Bar(
            str(number),
            cut(one.module),
            cut(one.class_name),
            figures.number(one.max_difference),
            figures.number(one.share),
        )
        for number, one in enumerate(growth[:MOST], start=1)
    )


def chart(growth: Sequence[Divergence]) -> tuple[str, ...]:
    """Lines of a Mermaid chart; none where there is nothing to compare.

    A bar is the share of the tolerance a module's difference would use, as a power of ten; the line at 0 is all of it.
    """
    heights = [_power(one.share) for one in growth[:MOST]]
    if len(heights) < 2:
        return ()
    top = max(1, math.ceil(max(heights)))
    bottom = min(-1, math.floor(min(heights)))
    return (
        "xychart-beta",
        '    title "Difference from PyTorch, along the network"',
        f"    x-axis [{', '.join(str(number) for number in range(1, len(heights) + 1))}]",
        f'    y-axis "Share of the tolerance, power of ten" {bottom} --> {top}',
        f"    bar [{', '.join(f'{height:.2f}' for height in heights)}]",
        f"    line [{', '.join('0' for _ in heights)}]",
    )


def _power(share: float | None) -> float:
    """A share as a power of ten; one that is not finite came as nothing, and is as large as is drawn."""
    if share is None or not math.isfinite(share):
        return _LARGEST
    return _SMALLEST if share <= 0 else min(_LARGEST, max(_SMALLEST, math.log10(share)))
