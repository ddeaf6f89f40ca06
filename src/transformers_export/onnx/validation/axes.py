"""Check 3: every declared axis varies and carries its name, no other does, and one name means one length.

What the graph says of itself is not enough: an axis can be frozen inside a graph whose inputs say otherwise. So the
runs at other sizes are asked as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.onnx.config import OnnxConfig
from transformers_export.onnx.graph import symbolic_axes
from transformers_export.onnx.validation.types import Check
from transformers_export.onnx.validation.varying import contradictions, fixed_by_model, model_fixes, refusals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from transformers_export.onnx.validation.runs import Run, Subject


def check_axes(subject: Subject, graph: Any, runs: Sequence[Run]) -> Check:
    """Compare the graph's axes with the declared ones and with what varied.

    Args:
        subject: What is validated.
        graph: The file as an onnx_ir model.
        runs: The runs at other sizes.
    """
    config = subject.config
    problems = [*refusals(runs), *_undeclared(graph.graph.inputs, config.inputs, "input")]
    advice = contradictions(config, runs)
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
            fixed = model_fixes(runs, kind, name, axis)
            (advice if fixed else problems).append(f"{message}{'; the model itself fixes it' if fixed else ''}")
    advice += fixed_by_model(config, runs)
    count = sum(len(axes) for axes in (*config.inputs.values(), *config.outputs.values()))
    if problems:
        return Check("axes", "failed", "; ".join(problems), figure=float(len(problems)), limit=0.0)
    if advice:
        return Check("axes", "advice", "; ".join(dict.fromkeys(advice)), figure=0.0, limit=0.0)
    return Check("axes", "passed", f"{count} declared axes vary", figure=0.0, limit=0.0)


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
