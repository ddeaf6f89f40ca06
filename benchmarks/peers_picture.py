"""The picture of peers.py: bars of wall time, CPU time and peak memory, as shares of optimum's, in an SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

WIDTH, LEFT, UNIT, BAR, GAP, TOP = 720, 96, 480, 12, 14, 46
COLOURS = {"wall": ("#0969da", "wall time"), "cpu": ("#1a7f37", "CPU time"), "peak": ("#bf8700", "peak memory")}


def draw(ratios: Mapping[str, Mapping[str, float]]) -> str:
    """Draw a group of bars for each checkpoint.

    Args:
        ratios: By checkpoint, then by figure (`wall`, `cpu`, `peak`): ours to optimum's.
    """
    group = len(COLOURS) * BAR + GAP
    height = TOP + group * len(ratios) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">',
        "<title>Export and full validation, as a share of what optimum-onnx 0.1.0 takes</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        *_legend(),
    ]
    for place, (name, figures) in enumerate(ratios.items()):
        top = TOP + place * group
        parts.append(f'<text x="{LEFT - 8}" y="{top + 22}" text-anchor="end" fill="#1f2328">{name}</text>')
        for row, (figure, (colour, _)) in enumerate(COLOURS.items()):
            y, length = top + row * BAR, min(figures[figure], 1.2) * UNIT
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{length:.0f}" height="{BAR - 2}" fill="{colour}"/>')
            parts.append(
                f'<text x="{LEFT + length + 5:.0f}" y="{y + 9}" font-size="10" fill="#1f2328">'
                f"{figures[figure]:.2f}</text>"
            )
    line = LEFT + UNIT
    parts.append(f'<line x1="{line}" x2="{line}" y1="{TOP - 8}" y2="{height - 8}" stroke="#59636e"/>')
    parts.append(f'<text x="{line + 5}" y="{TOP - 10}" fill="#59636e">optimum-onnx</text>')
    return "\n".join([*parts, "</svg>", ""])


def _legend() -> list[str]:
    parts = []
    for place, (colour, words) in enumerate(COLOURS.values()):
        x = LEFT + place * 110
        parts.append(f'<rect x="{x}" y="12" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{x + 15}" y="21" fill="#1f2328">{words}</text>')
    return parts
