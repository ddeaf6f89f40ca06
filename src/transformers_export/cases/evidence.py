"""What a case must show before it counts as passed. Its process runs code we do not trust: a claim alone is nothing.

It cannot prove that the checks ran, which nothing that a case writes could; it makes sure that a result without them,
or with figures that contradict it, is not green.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.cases.types import Case
    from transformers_export.verdict.types import CaseResult

LOOSE = 1e-2
"""An absolute tolerance above this proves little: the result says so in a warning."""
ALWAYS = {
    "onnx": ("checker", "data", "names", "types", "axes", "values", "effect"),
    "torchscript": ("file", "names", "weights", "axes", "values"),
}
"""The checks every case of a target has."""
_COMPARED = ("values", "past")
"""Checks whose figure is the share of the tolerance that was used."""
_MOST_COUNTED = 2**53
"""Nodes and bytes stay below: what JSON readers keep exact, and far beyond any model."""
_MOST_OPSET = 1000


def absurd_numbers(result: CaseResult) -> str:
    """Name a number no export can have, or nothing. Such a number has only one purpose: to break what writes it."""
    bounds = {"opset": _MOST_OPSET, "nodes": _MOST_COUNTED, "bytes": _MOST_COUNTED, "peak_bytes": _MOST_COUNTED}
    for name, most in bounds.items():
        value = getattr(result, name)
        if value is not None and not 0 <= value < most:
            return f"Expected `{name}` from 0 to below {most}."
    return "" if math.isfinite(result.seconds) else "Expected a finite number as `seconds`."


def missing_evidence(case: Case, result: CaseResult) -> str:
    """Say what a result lacks to be believed when it claims to have passed, or nothing."""
    return "; ".join(_missing(case, result))


def with_tolerance_held(result: CaseResult) -> CaseResult:
    """Warn of a tolerance so wide that passing means little."""
    if result.tolerance is None or not result.tolerance > LOOSE:
        return result
    warning = f"The absolute tolerance {result.tolerance:g} is above {LOOSE:g}: real differences may pass."
    return replace(result, warnings=(warning, *result.warnings))


def _missing(case: Case, result: CaseResult) -> Iterator[str]:
    checks = {check.name: check for check in result.checks}
    if len(checks) < len(result.checks):
        yield "expected each check once"
    for name in (*ALWAYS[case.target], *(("past",) if case.feature.endswith("-with-past") else ())):
        if name not in checks:
            yield f"expected every check passed and `{name}` among them"
    for check in result.checks:
        good = ("passed",) if check.name in _COMPARED else ("passed", "advice")
        if check.outcome not in good:
            yield f"expected every check passed, `{check.name}` is {check.outcome}"
        elif check.name in _COMPARED and not _within(check.figure, 1.0):
            yield f"expected `{check.name}` to use at most all of the tolerance, got {check.figure}"
    if not _within(result.max_difference, math.inf):
        yield f"expected a finite largest difference, got {result.max_difference}"
    if result.tolerance is None or not (0 < result.tolerance < math.inf):
        yield f"expected a finite tolerance above zero, got {result.tolerance}"
    if not result.nodes:
        yield "expected a graph with nodes"
    if case.target == "torchscript":
        return
    if result.opset is None or result.opset < 1:
        yield "expected the opset of the graph"
    elif case.opset is not None and result.opset != case.opset:
        yield f"expected opset {case.opset}, got {result.opset}"


def _within(value: float | None, most: float) -> bool:
    return value is not None and math.isfinite(value) and 0 <= value <= most
