"""How figures are written in a report: sizes, times, differences. Pure formatting."""

from __future__ import annotations

_SPACE, _HYPHEN = "\u00a0", "\u2011"
"""Where a table is narrow, a figure is not broken at these."""

NOTHING = "–"
"""An en dash: the sign for a cell without a value."""


def size(count: int | None) -> str:
    """Bytes, in the largest decimal unit that keeps a digit before the point."""
    if count is None:
        return NOTHING
    if count < 1000:
        return f"{count}{_SPACE}B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.95 or unit == "GB":
            break
    return f"{value:.1f}{_SPACE}{unit}"


def seconds(value: float) -> str:
    """Seconds, with a decimal while it matters."""
    return f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def number(value: float | None) -> str:
    """A measured figure: whole numbers and hundreds whole, below that two significant digits."""
    if value is None:
        return NOTHING
    if value == 0:
        return "0"
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    if abs(value) < 1e7 and (value == int(value) or abs(value) >= 100):
        return f"{value:,.0f}"
    return f"{value:.2g}".replace("e-0", "e-").replace("e-", f"e{_HYPHEN}")


def count(value: int | None) -> str:
    """A whole number, thousands apart."""
    return NOTHING if value is None else f"{value:,}"


def difference(value: float | None, tolerance: float | None) -> str:
    """The largest difference against what was allowed."""
    if value is None:
        return NOTHING
    return number(value) if tolerance is None else f"{number(value)}{_SPACE}of{_SPACE}{number(tolerance)}"


def counted(amount: int, one: str, many: str | None = None) -> str:
    """`1 finding`, `2 findings`."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def path(value: str, length: int = 80) -> str:
    """A path, or its end when it is long."""
    return value if len(value) <= length else "…" + value[1 - length :]
