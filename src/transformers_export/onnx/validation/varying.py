"""What the runs at other sizes say of axes: lengths that the graph froze, that the model fixes, and untrue labels.

The same questions for every kind of graph; what a file says of its own axes is asked beside it (`axes.py` for ONNX).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.onnx.validation.runs import Run, describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy as np


def refusals(runs: Iterable[Run]) -> list[str]:
    """Sizes that PyTorch takes and the graph does not."""
    return [f"the graph refuses {describe(run)}, which PyTorch takes ({run.refusal})" for run in runs if run.refusal]


def model_fixes(config: Any, runs: Sequence[Run], name: str, axis: int) -> bool:
    """PyTorch's word: the length never changed. Every label that PyTorch lets vary is varied over the runs."""
    arrays = [(run.inputs if name in config.inputs else run.expected)[name] for run in runs]
    return len({array.shape[axis] for array in arrays if axis < array.ndim}) <= 1


def fixed_by_model(config: Any, runs: Sequence[Run]) -> list[str]:
    """Declared inputs' labels that the model does not let vary."""
    fixed = {
        label: runs[0].inputs[name].shape[axis]
        for name, axes in config.inputs.items()
        for axis, label in axes.items()
        if len(runs) > 1 and model_fixes(config, runs, name, axis)
    }
    return [f"{label!r} is declared and the model itself fixes it at {length}" for label, length in fixed.items()]


def contradictions(config: Any, runs: Sequence[Run]) -> dict[str, str]:
    """Labels that name two lengths at once in PyTorch's own tensors, with a sentence each."""
    declared = {**config.inputs, **config.outputs}
    return {
        label: f"the declaration calls two lengths {label!r}: {places}"
        for run in runs
        for label, places in _ambiguous(declared, {**run.inputs, **run.expected})
    }


def two_lengths(symbols: Mapping[str, Mapping[int, str]], runs: Sequence[Run]) -> dict[str, str]:
    """Names that the graph gives to two lengths at once, in its own inputs and outputs, with a sentence each."""
    return {
        label: f"the graph calls two lengths {label!r}: {places}"
        for run in runs
        for label, places in _ambiguous(symbols, {**run.inputs, **run.actual})
    }


def _ambiguous(labels: Mapping[str, Mapping[int, str]], arrays: Mapping[str, np.ndarray]) -> Iterator[tuple[str, str]]:
    """Labels with two lengths, and where each length is first seen."""
    lengths: dict[str, dict[int, str]] = {}
    for name, axes in labels.items():
        for axis, label in axes.items():
            if label and name in arrays and axis < arrays[name].ndim:
                lengths.setdefault(label, {}).setdefault(arrays[name].shape[axis], f"axis {axis} of {name}")
    for label, seen in lengths.items():
        if len(seen) > 1:
            yield label, " and ".join(f"{length} ({place})" for length, place in seen.items())
