"""What the runs at other sizes say of axes: lengths that the graph froze, that the model fixes, and untrue labels.

The same questions for every kind of graph; what a file says of its own axes is asked beside it (`axes.py` for ONNX).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.onnx.validation.runs import Run, describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def refusals(runs: Iterable[Run]) -> list[str]:
    """Sizes that PyTorch takes and the graph does not: somewhere in it an axis is frozen."""
    return [
        f"frozen: PyTorch takes {describe(run)} and the graph does not ({run.refusal})" for run in runs if run.refusal
    ]


def model_fixes(runs: Sequence[Run], kind: str, name: str, axis: int) -> bool:
    """PyTorch's word: the length never changed. Every label that PyTorch lets vary is varied over the runs."""
    arrays = [(run.inputs if kind == "input" else run.expected)[name] for run in runs]
    return len({array.shape[axis] for array in arrays if axis < array.ndim}) <= 1


def fixed_by_model(config: Any, runs: Sequence[Run]) -> list[str]:
    """Declared inputs' labels that the model does not let vary."""
    fixed = {
        label: runs[0].inputs[name].shape[axis]
        for name, axes in config.inputs.items()
        for axis, label in axes.items()
        if len(runs) > 1 and model_fixes(runs, "input", name, axis)
    }
    return [f"{label!r} is declared and the model itself fixes it at {length}" for label, length in fixed.items()]


def contradictions(config: Any, runs: Sequence[Run]) -> list[str]:
    """Labels that name two lengths at once in PyTorch's own tensors; classes of transformers.onnx have such."""
    found = []
    for each in runs:
        lengths: dict[str, set[int]] = {}
        for declared, arrays in ((config.inputs, each.inputs), (config.outputs, each.expected)):
            for name, axes in declared.items():
                for axis, label in axes.items():
                    if axis < arrays[name].ndim:
                        lengths.setdefault(label, set()).add(arrays[name].shape[axis])
        found += [f"the declaration calls two lengths {label!r}" for label, seen in lengths.items() if len(seen) > 1]
    return list(dict.fromkeys(found))
