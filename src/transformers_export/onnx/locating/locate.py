"""`locate()`: from a run in which the graph's outputs differ to the module, line and operator where that begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from transformers_export.onnx.locating import compare, decide, graph
from transformers_export.onnx.locating.eager import source_of, watch
from transformers_export.onnx.locating.types import Divergence, Located, NotLocated
from transformers_export.onnx.validation.runs import describe, first_line
from transformers_export.onnx.validation.values import difference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import onnx_ir

    from transformers_export.onnx.locating.types import GraphValue, Trace
    from transformers_export.onnx.validation.runs import Run, Subject


def locate(subject: Subject, model: onnx_ir.Model, path: Path, runs: Sequence[Run]) -> Located | NotLocated | None:
    """Find where a graph leaves its model.

    At the first shape whose outputs differ the model runs twice more, watched, and the graph once, with every value in
    between as an output and without ONNX Runtime's optimizations.

    Args:
        subject: The model and the graph; inside `prepared`.
        model: The graph as it was read, its inputs and outputs under the declared names; left as it was.
        path: Its file, beside which its weights are.
        runs: What was run, with what both sides gave.

    Returns:
        The place, or why none was found; None where no run differs.
    """
    run = next((run for run in runs if not run.refusal and _differing(subject, run, run.actual)), None)
    if run is None:
        return None
    try:
        found = graph.run_whole(model, path, run.inputs, [name for name, _ in subject.flat.named_modules()])
    except Exception as error:  # ONNX Runtime's share no base class
        return NotLocated(f"the graph does not run with every value as an output ({first_line(error)})")
    names = _differing(subject, run, {value.name: value.array for value in found})
    if not names:
        return NotLocated("without ONNX Runtime's optimizations the outputs agree")
    tensors = {name: torch.from_numpy(array.copy()) for name, array in run.inputs.items()}
    trace, disturbed = watch(subject.flat, tensors), watch(subject.flat, tensors, disturbed=True)
    values = compare.Values(found)
    matches = compare.match_all(trace, disturbed, values)
    outputs = dict(zip(subject.flat.output_names, trace.outputs, strict=True))
    begin = decide.origin(trace, matches, [place for name in names if (place := outputs[name]) is not None])
    if begin is None:
        return NotLocated("no operator of PyTorch's computes the outputs that differ")
    return _located(subject, run, Compared(trace, found, values, matches), begin)


def _differing(subject: Subject, run: Run, actual: Mapping[str, np.ndarray]) -> list[str]:
    """Names of outputs that are off by more than the tolerance."""
    return [
        name
        for name, expected in run.expected.items()
        if name in actual and not difference(expected, actual[name], subject.atol, run.ignored.get(name))[1] <= 1
    ]


@dataclass(frozen=True)
class Compared:
    """Both records, and what they have in common."""

    trace: Trace
    found: Sequence[GraphValue]
    values: compare.Values
    matches: Sequence[decide.Match]


def _located(subject: Subject, run: Run, compared: Compared, begin: decide.Origin) -> Located:
    absent = decide.outermost_absent(begin.module, [value.module for value in compared.found])
    module = absent or begin.module
    node = None if absent else _node(compared, begin)
    op = begin.op
    kind = type(subject.flat.get_submodule(module))
    file, line = (op.file, op.line) if op.file else source_of(kind)
    return Located(
        module=_in_model(module),
        class_name=kind.__name__,
        file=file,
        line=line,
        operator=node.operator if node else "",
        node=node.node if node else "",
        torch_operator=op.name,
        at=describe(run),
        growth=_growth(subject, compared, module),
        absent=absent is not None,
    )


def _growth(subject: Subject, compared: Compared, located: str) -> tuple[Divergence, ...]:
    """How far off the modules are, along the network."""
    trace, matches, values = compared.trace, compared.matches, compared.values
    calls = decide.milestones(trace.calls, located)
    measured = [(call, compare.distance(trace, matches, call, values, subject.atol)) for call in calls]
    return tuple(Divergence(_in_model(call.module), call.class_name, *apart) for call, apart in measured if apart)


def _node(compared: Compared, begin: decide.Origin) -> GraphValue | None:
    """The operator of the graph in the place of one of PyTorch's.

    In its module, of its shape, giving nothing that PyTorch has too; among several one of the same kind.
    """
    own = [value for value in compared.found if value.module == begin.module]
    known = {value.name for match in compared.matches for value in match.same}
    unknown = [value for value in own if value.name not in known]
    made = [compared.trace.values[place] for place in begin.op.outputs]
    fitting = [value for value in unknown if any(value.array.shape == array.shape for array in made)]
    fitting = fitting or [value for value in unknown if any(value.array.size == array.size for array in made)]
    alike = [value for value in fitting if value.operator in decide.operators_for(begin.op.name)]
    return next(iter(alike or fitting or unknown or own), None)


def _in_model(module: str) -> str:
    """A path in the model, not in the wrapper around it."""
    return module.removeprefix("model").removeprefix(".")
