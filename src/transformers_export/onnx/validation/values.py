"""Check `values`: at every shape, the graph's outputs are PyTorch's, within the tolerance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from transformers_export.onnx.padding import declares_mask, is_padded
from transformers_export.onnx.validation.runs import Run, describe
from transformers_export.onnx.validation.tolerance import limits_for
from transformers_export.onnx.validation.types import Check, OutputComparison

if TYPE_CHECKING:
    from collections.abc import Sequence

SHAPES_NEEDED = 3
_WORDS = {2: "two", 3: "three"}


def compare_outputs(runs: Sequence[Run], names: Sequence[str], atol: float) -> tuple[OutputComparison, ...]:
    """Compare every output over every run that the graph accepted."""
    accepted = [run for run in runs if not run.refusal]
    return tuple(_compare(name, [run for run in accepted if name in run.actual], atol) for name in names)


def check_values(
    config: Any,
    runs: Sequence[Run],
    refused: Sequence[str],
    outputs: Sequence[OutputComparison],
    atol: float,
    *,
    needed: int = SHAPES_NEEDED,
) -> Check:
    """Sum the comparisons up.

    Args:
        config: The OnnxConfig.
        runs: All runs.
        refused: Shapes that PyTorch itself did not take.
        outputs: The comparisons.
        atol: What they were held against; one that lets everything pass fails.
        needed: How many different shapes must have been compared.
    """
    if not 0 < atol < math.inf:
        return Check("values", "failed", f"the tolerance must be a number above zero, got {atol}")
    accepted = [run for run in runs if not run.refusal]
    where = "; ".join(describe(run) for run in accepted)
    missing = _missing(config, accepted, needed)
    if missing:
        refusals = list(dict.fromkeys(run.refusal for run in runs if run.refusal))
        more = [f"and {len(refusals) - 1} more"] if refusals[1:] else []
        why = "; ".join([*refused, *refusals[:1], *more])
        return Check("values", "not-run", f"needs {missing}, only these could be compared: {where} ({why})")
    share = max((output.share for output in outputs), default=math.nan)
    problems = [f"{output.name}: {output.problem}" for output in outputs if output.problem]
    said = {run.sizes: describe(run) for run in accepted}
    problems += [
        f"{output.name}: max |Δ| {output.max_difference:.1e} is {output.share:.1f} times the tolerance"
        + (f", at {said[output.worst]}" if output.worst in said else "")
        for output in outputs
        if not output.problem and not output.share <= 1
    ]
    if problems:
        return Check("values", "failed", "; ".join(problems), figure=share, limit=1.0)
    detail = "; ".join([f"{len(accepted)} shapes: {where}", *(f"not taken by PyTorch: {why}" for why in refused)])
    return Check("values", "passed", detail, figure=share, limit=1.0)


def _missing(config: Any, accepted: Sequence[Run], needed: int) -> str:
    """What was not run that has to be: enough different shapes, and a padded row where there is a mask to say so."""
    plain = {tuple(array.shape for array in run.inputs.values()) for run in accepted if not is_padded(run.inputs)}
    if len(plain) < needed:
        return f"{_WORDS.get(needed, needed)} different shapes"
    if declares_mask(config) and not any(is_padded(run.inputs) for run in accepted):
        return "a padded row"
    return ""


def difference(
    expected: np.ndarray, actual: np.ndarray, atol: float, ignored: np.ndarray | None = None
) -> tuple[float, float, str]:
    """Compare two arrays.

    Args:
        expected: PyTorch's.
        actual: The graph's.
        atol: Absolute tolerance, see `tolerance.py`.
        ignored: Positions that mean nothing, as booleans that broadcast to the arrays.

    Returns:
        Largest absolute difference, largest share of the tolerance, and what else is wrong (empty where nothing is).
    """
    if expected.ndim != actual.ndim:
        return (
            math.nan,
            math.nan,
            f"rank {actual.ndim} instead of {expected.ndim}: {actual.shape}, not {expected.shape}",
        )
    if expected.shape != actual.shape:
        swapped = "heads and length swapped: " if is_swapped_layout(actual.shape, expected.shape) else ""
        return math.nan, math.nan, f"{swapped}shape {actual.shape} instead of {expected.shape}"
    if expected.dtype != actual.dtype:
        return math.nan, math.nan, f"type {actual.dtype} instead of {expected.dtype}"
    if ignored is not None:
        nothing = np.zeros((), dtype=expected.dtype)
        expected, actual = np.where(ignored, nothing, expected), np.where(ignored, nothing, actual)
    if not np.isfinite(expected).all():
        return math.nan, math.nan, "PyTorch's own output holds NaN or infinity"
    if np.isnan(actual).any():
        return (
            math.nan,
            math.nan,
            f"the graph's output holds NaN, {int(np.isnan(actual).sum())} of {actual.size} values",
        )
    if not np.isfinite(actual).all():
        count = int(np.isinf(actual).sum())
        return math.nan, math.nan, f"the graph's output holds infinity, {count} of {actual.size} values"
    if not np.issubdtype(expected.dtype, np.floating):
        differing = int((expected != actual).sum())
        return float(differing), float(differing and math.inf), ""
    if not expected.size:
        return 0.0, 0.0, ""
    apart = np.abs(expected.astype(np.float64) - actual)
    return float(apart.max()), float((apart / limits_for(expected, atol)).max()), ""


def is_swapped_layout(actual: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    """Tell whether a cache is `[batch, length, heads, head size]` and not `[batch, heads, length, head size]`."""
    return len(actual) == 4 and actual != expected and actual == tuple(expected[axis] for axis in (0, 2, 1, 3))


def _compare(name: str, runs: Sequence[Run], atol: float) -> OutputComparison:
    measured = [difference(run.expected[name], run.actual[name], atol, run.ignored.get(name)) for run in runs]
    shapes = tuple(run.actual[name].shape for run in runs)
    for run, (_, _, problem) in zip(runs, measured, strict=True):
        if problem:
            return OutputComparison(name, shapes, math.nan, math.nan, f"{problem} at {describe(run)}", run.sizes)
    if not measured:
        return OutputComparison(name, shapes, math.nan, math.nan, "not in the graph")
    place = max(range(len(runs)), key=lambda index: measured[index][1])
    return OutputComparison(name, shapes, max(m[0] for m in measured), measured[place][1], worst=runs[place].sizes)
