"""What a case is expected to cost, in seconds: as measured where it was, else by a small model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transformers_export.cases.types import Case

_PLAIN = {"dynamo": 9.1, "legacy": 0.8, "auto": 9.1, "torchscript": 0.8}
"""Medians of the 161 plain features in docs/pairs.md; a test holds them to that table."""
_SEQ2SEQ = {"dynamo": 20.2, "legacy": 1.4, "auto": 20.2, "torchscript": 1.4}
"""Medians of the 17 sequence-to-sequence features there, which have two models in one."""
_MOST = 86_400.0
"""No machine of GitHub's lives longer than some hours: more is no measurement, and sums of it are infinite."""


def costs(cases: Sequence[Case], measured: Mapping[str, float]) -> list[float]:
    """Return seconds for each case; `measured` has them by the case's id, from files that anybody may have written."""
    return [min(max(measured.get(case.id) or expected(case), 0.01), _MOST) for case in cases]


def expected(case: Case) -> float:
    """Return what a case costs that was never measured, by its exporter and the shape of its model."""
    how = case.exporter if case.target == "onnx" else case.target
    return (_SEQ2SEQ if "2seq" in case.feature else _PLAIN)[how]
