"""Check `axes`: every declared axis varies and carries its name, no other does, and one name means one length.

What the graph says of itself is not enough: an axis can be frozen inside a graph whose inputs say otherwise. So the
runs at other sizes are asked as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transformers_export.onnx.config import OnnxConfig
from transformers_export.onnx.graph import symbolic_axes
from transformers_export.onnx.validation.frozen import frozen_axes
from transformers_export.onnx.validation.types import Check
from transformers_export.onnx.validation.varying import (
    contradictions,
    fixed_by_model,
    model_fixes,
    refusals,
    two_lengths,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from transformers_export.onnx.validation.runs import Run, Subject

OLD_LABEL = " + "
"""In labels that transformers.onnx gives to two lengths at once (`past_sequence + sequence`): classes copied them."""


@dataclass(frozen=True)
class _Axis:
    """What is wrong with one axis of the graph."""

    name: str
    axis: int
    message: str


def check_axes(subject: Subject, graph: Any, runs: Sequence[Run]) -> Check:
    """Compare the graph's axes with the declared ones and with what varied.

    Args:
        subject: What is validated.
        graph: The file as an onnx_ir model.
        runs: The runs at other sizes.
    """
    config, inputs, outputs = subject.config, graph.graph.inputs, graph.graph.outputs
    wrong = [*_wrong(outputs, config.outputs), *_wrong(inputs, config.inputs)]
    advised = {id(each) for each in wrong if model_fixes(config, runs, each.name, each.axis)}
    problems = [each.message for each in wrong if id(each) not in advised]
    advice = [f"{each.message}; the model itself fixes it" for each in wrong if id(each) in advised]
    problems += [each.message for each in _undeclared(inputs, config.inputs)]
    problems += [each.message for each in _otherwise(config, runs) if (each.name, each.axis) not in _places(wrong)]
    problems += _refused(subject, runs, _places(wrong))
    # The tables of transformers.onnx leave output axes out (choices, say): not the fault of a class that derives from
    # it, nor of the change that is checked.
    own = isinstance(config, OnnxConfig)
    (problems if own else advice).extend(each.message for each in _undeclared(outputs, config.outputs))
    untrue = contradictions(config, runs)
    for label, message in untrue.items():
        (problems if own and OLD_LABEL not in label else advice).append(message)
    symbols = {value.name: symbolic_axes(value) for value in (*inputs, *outputs)}
    problems += [message for label, message in two_lengths(symbols, runs).items() if label not in untrue]
    advice += fixed_by_model(config, runs)
    if problems:
        return Check("axes", "failed", "; ".join(problems), figure=float(len(problems)), limit=0.0)
    if advice:
        return Check("axes", "advice", "; ".join(dict.fromkeys(advice)), figure=0.0, limit=0.0)
    count = sum(len(axes) for axes in (*config.inputs.values(), *config.outputs.values()))
    return Check("axes", "passed", f"{count} declared axes vary", figure=0.0, limit=0.0)


def _places(wrong: Iterable[_Axis]) -> set[tuple[str, int]]:
    return {(each.name, each.axis) for each in wrong}


def _undeclared(values: Iterable[Any], declared: Mapping[str, Mapping[int, str]]) -> Iterator[_Axis]:
    for value in values:
        for axis, symbol in symbolic_axes(value).items():
            if value.name in declared and axis not in declared[value.name]:
                yield _Axis(value.name, axis, f"axis {axis} of {value.name} varies ({symbol!r}) and is not declared")


def _wrong(values: Iterable[Any], declared: Mapping[str, Mapping[int, str]]) -> Iterator[_Axis]:
    """Declared axes that the graph fixes or names otherwise."""
    for value in values:
        symbols = symbolic_axes(value)
        for axis, label in declared.get(value.name, {}).items():
            place = f"axis {axis} of {value.name}"
            if axis in symbols:
                if symbols[axis] != label:
                    yield _Axis(value.name, axis, f"{place} is declared {label!r} and named {symbols[axis]!r}")
            elif value.shape is not None and axis < len(value.shape):
                length = value.shape[axis]
                yield _Axis(value.name, axis, f"{place} is frozen at {length} in the graph (declared {label!r})")
            else:
                yield _Axis(value.name, axis, f"{place} is declared {label!r}, and the graph has no such axis")


def _otherwise(config: Any, runs: Iterable[Run]) -> Iterator[_Axis]:
    """Declared output axes that the graph gives another length than PyTorch does, once each."""
    seen: set[tuple[str, int]] = set()
    for run in runs:
        for name, axes in config.outputs.items():
            if name not in run.actual or run.actual[name].ndim != run.expected[name].ndim:
                continue
            for axis, label in axes.items():
                given, expected = run.actual[name].shape[axis], run.expected[name].shape[axis]
                if given != expected and (name, axis) not in seen:
                    seen.add((name, axis))
                    message = f"axis {axis} of {name} is {given} where PyTorch gives {expected} (declared {label!r})"
                    yield _Axis(name, axis, message)


def _refused(subject: Subject, runs: Sequence[Run], known: set[tuple[str, int]]) -> list[str]:
    """Why the graph refuses sizes that PyTorch takes: the axes that are frozen, else what it said of each size."""
    said = refusals(runs)
    if not said:
        return []
    frozen = frozen_axes(subject)
    named = [str(each) for each in frozen if (each.name, each.axis) not in known]
    return named if frozen else said
