"""Finding PyTorch's values among those of the graph."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from transformers_export.onnx.locating.decide import Match
from transformers_export.onnx.locating.types import within
from transformers_export.onnx.validation.tolerance import limits_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers_export.onnx.locating.types import Call, GraphValue, Trace

_ROUNDING = 32.0
"""How many times what rounding alone does a value may be off."""
_UNITS = 16.0
"""Units in the last place that are rounding wherever they come from."""
_MASKED = 1e4
"""Values beyond are written by masking, each exporter with its own."""


class Values:
    """The graph's values, by how many elements they have."""

    def __init__(self, values: Sequence[GraphValue]) -> None:
        self._by_size: dict[tuple[int, str], list[tuple[GraphValue, np.ndarray]]] = defaultdict(list)
        for value in values:
            self._by_size[value.array.size, _kind(value.array)].append((value, _plain(value.array)))
        self._first = {
            key: np.array([float(flat[0]) for _, flat in pairs]) for key, pairs in self._by_size.items() if key[0]
        }

    def like(self, array: np.ndarray) -> list[tuple[GraphValue, np.ndarray]]:
        """Those of one size and kind: shapes may differ, as exporters reshape."""
        return self._by_size.get((array.size, _kind(array)), [])

    def same(self, array: np.ndarray, wanted: np.ndarray, allowed: float) -> list[GraphValue]:
        """Those that are `array`, given flat as `wanted`; most are told apart by their first element."""
        found = self.like(array)
        if not array.size or not found:
            return [value for value, _ in found]
        with np.errstate(invalid="ignore"):
            apart = np.abs(self._first[array.size, _kind(array)] - float(wanted[0])) > allowed
        return [
            value for (value, flat), far in zip(found, apart, strict=True) if not far and _same(wanted, flat, allowed)
        ]


def match_all(trace: Trace, disturbed: Trace, values: Values) -> list[Match]:
    """Look every one of PyTorch's values up in the graph.

    Args:
        trace: What PyTorch computed.
        disturbed: The same with its rounding disturbed; not used where another way was taken for it.
        values: The graph's.
    """
    maker = {place: op.module for op in trace.ops for place in op.outputs}
    alike = [op.name for op in disturbed.ops] == [op.name for op in trace.ops]
    others = disturbed.values if alike else trace.values
    return [
        _match(array, other, values, maker.get(place))
        for place, (array, other) in enumerate(zip(trace.values, others, strict=True))
    ]


def _match(array: np.ndarray, disturbed: np.ndarray, values: Values, module: str | None) -> Match:
    found = values.like(array)
    wanted = _plain(array)
    allowed = _rounding(wanted, _plain(disturbed), array.dtype)
    same = values.same(array, wanted, allowed)
    if not np.issubdtype(array.dtype, np.floating):
        # Whole numbers repeat: 0, 1, 2, ... of one module proves nothing for another.
        same = [value for value in same if value.module in (module, None)]
    trivial = array.size <= 1 or bool((wanted == wanted[0]).all())
    return Match(tuple(same), trivial, any(value.module == module for value, _ in found))


def _same(wanted: np.ndarray, other: np.ndarray, allowed: float) -> bool:
    if not allowed:
        return bool((wanted == other).all())
    return bool((_gap(wanted, other) <= allowed).all())


def _gap(wanted: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Absolute differences; none between equal infinities or two NaN, infinite where one alone is."""
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(wanted - other)
    alike = (wanted == other) | (np.isnan(wanted) & np.isnan(other))
    return np.where(alike, 0.0, np.where(np.isnan(apart), np.inf, apart))


def _rounding(wanted: np.ndarray, disturbed: np.ndarray, dtype: np.dtype) -> float:
    """How far off a value may be and still be the same: nothing for whole numbers."""
    if not np.issubdtype(dtype, np.floating) or not wanted.size or wanted.shape != disturbed.shape:
        return 0.0
    finite = np.isfinite(wanted) & np.isfinite(disturbed)
    carried = float(_gap(wanted[finite], disturbed[finite]).max(initial=0.0))
    size = float(np.abs(wanted[finite]).max(initial=0.0))
    return max(_ROUNDING * carried, _UNITS * float(np.finfo(dtype).eps) * size)


def distance(
    trace: Trace, matches: Sequence[Match], call: Call, values: Values, atol: float
) -> tuple[float, float] | None:
    """How far a module's output is from PyTorch's: largest absolute difference and largest share of the tolerance.

    Its counterpart is the closest value that is the same, else the last of its module that others read.

    Returns:
        None where the graph has no value to compare with.
    """
    if call.output is None:
        return None
    expected = trace.values[call.output]
    if not np.issubdtype(expected.dtype, np.floating) or not expected.size:
        return None
    wanted, limits = _plain(expected), np.broadcast_to(limits_for(expected, atol), expected.shape).ravel()
    if same := matches[call.output].same:
        return min(_apart(wanted, _plain(value.array), limits) for value in same)
    own = [(value, other) for value, other in values.like(expected) if within(value.module, call.module)]
    leaving = [pair for pair in own if pair[0].leaves(call.module)] or own
    return _apart(wanted, leaving[-1][1], limits) if leaving else None


def _apart(wanted: np.ndarray, other: np.ndarray, limits: np.ndarray) -> tuple[float, float]:
    apart = _gap(wanted, other)
    return float(apart.max()), float((apart / limits).max())


def _kind(array: np.ndarray) -> str:
    return "fraction" if np.issubdtype(array.dtype, np.floating) else "truth" if array.dtype == bool else "whole"


def _plain(array: np.ndarray) -> np.ndarray:
    """Flat, and in double precision where it is fractions; what masking wrote is one value on both sides."""
    flat = array.ravel()
    if not np.issubdtype(array.dtype, np.floating):
        return flat
    wide = flat.astype(np.float64)
    return np.where(np.abs(wide) >= _MASKED, np.copysign(np.inf, wide), wide)
