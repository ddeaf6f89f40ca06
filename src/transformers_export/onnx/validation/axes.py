"""Check 3: every declared axis varies and carries its name, no other does, and one name means one length.

What the graph says of itself is not enough: an axis can be frozen inside a graph whose inputs say otherwise. So the
runs at other sizes are asked as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.onnx.config import OnnxConfig
from transformers_export.onnx.graph import symbolic_axes
from transformers_export.onnx.validation.runs import Run, Subject, describe
from transformers_export.onnx.validation.types import Check

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def check_axes(subject: Subject, graph: Any, runs: Sequence[Run]) -> Check:
    """Compare the graph's axes with the declared ones and with what varied.

    Args:
        subject: What is validated.
        graph: The file as an onnx_ir model.
        runs: The runs at other sizes.
    """
    config = subject.config
    problems = [*_refusals(runs), *_undeclared(graph.graph.inputs, config.inputs, "input")]
    advice = _contradictions(config, runs)
    # The outputs table of transformers.onnx leaves axes out (choices, say): not the fault of a class that derives
    # from it, nor of the change that is checked.
    forgotten = _undeclared(graph.graph.outputs, config.outputs, "output")
    (problems if isinstance(config, OnnxConfig) else advice).extend(forgotten)
    for kind, values, declared in (
        ("input", graph.graph.inputs, config.inputs),
        ("output", graph.graph.outputs, config.outputs),
    ):
        for name, axis, label, found in _wrong(values, declared):
            message = f"{kind} {name} axis {axis} is declared {label!r} and {found}"
            fixed = _model_fixes(runs, kind, name, axis)
            (advice if fixed else problems).append(f"{message}{'; the model itself fixes it' if fixed else ''}")
    advice += _fixed_by_model(config, runs)
    count = sum(len(axes) for axes in (*config.inputs.values(), *config.outputs.values()))
    if problems:
        return Check("axes", "failed", "; ".join(problems), figure=float(len(problems)), limit=0.0)
    if advice:
        return Check("axes", "advice", "; ".join(dict.fromkeys(advice)), figure=0.0, limit=0.0)
    return Check("axes", "passed", f"{count} declared axes vary", figure=0.0, limit=0.0)


def _refusals(runs: Iterable[Run]) -> list[str]:
    """Sizes that PyTorch takes and the graph does not: somewhere in it an axis is frozen."""
    return [
        f"frozen: PyTorch takes {describe(run)} and the graph does not ({run.refusal})" for run in runs if run.refusal
    ]


def _undeclared(values: Iterable[Any], declared: Mapping[str, Mapping[int, str]], kind: str) -> list[str]:
    return [
        f"{kind} {value.name} axis {axis} varies ({symbol!r}) and is not declared"
        for value in values
        for axis, symbol in symbolic_axes(value).items()
        if axis not in declared.get(value.name, {})
    ]


def _wrong(values: Iterable[Any], declared: Mapping[str, Mapping[int, str]]) -> list[tuple[str, int, str, str]]:
    """Declared axes that the graph fixes or names otherwise: name, axis, declared label, what was found."""
    wrong = []
    for value in values:
        symbols = symbolic_axes(value)
        for axis, label in declared.get(value.name, {}).items():
            if axis not in symbols:
                length = value.shape[axis] if value.shape is not None and axis < len(value.shape) else "absent"
                wrong.append((value.name, axis, label, f"fixed at {length} in the graph"))
            elif symbols[axis] != label:
                wrong.append((value.name, axis, label, f"named {symbols[axis]!r} in the graph"))
    return wrong


def _model_fixes(runs: Sequence[Run], kind: str, name: str, axis: int) -> bool:
    """PyTorch's word: the length never changed. Every label that PyTorch lets vary is varied over the runs."""
    arrays = [(run.inputs if kind == "input" else run.expected)[name] for run in runs]
    return len({array.shape[axis] for array in arrays if axis < array.ndim}) <= 1


def _fixed_by_model(config: Any, runs: Sequence[Run]) -> list[str]:
    """Declared inputs' labels that the model does not let vary."""
    fixed = {
        label: runs[0].inputs[name].shape[axis]
        for name, axes in config.inputs.items()
        for axis, label in axes.items()
        if len(runs) > 1 and _model_fixes(runs, "input", name, axis)
    }
    return [f"{label!r} is declared and the model itself fixes it at {length}" for label, length in fixed.items()]


def _contradictions(config: Any, runs: Sequence[Run]) -> list[str]:
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
