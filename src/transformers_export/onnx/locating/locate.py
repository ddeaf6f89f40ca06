"""`locate()`: from a run in which the graph's outputs differ to the module, line and operator where that begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from transformers_export.onnx.locating import compare, decide, graph
from transformers_export.onnx.locating.eager import source_of, watch
from transformers_export.onnx.locating.types import Divergence, GraphValue, Located, NotLocated, Op, Trace
from transformers_export.onnx.validation.runs import describe, first_line
from transformers_export.onnx.validation.values import difference

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from transformers_export.onnx.locating.decide import Match
    from transformers_export.onnx.validation.runs import Run, Subject


def locate(subject: Subject, path: Path, runs: Sequence[Run]) -> Located | NotLocated | None:
    """Find where a graph leaves its model.

    The model is run once more at the first shape whose outputs differ, and the graph with every value in between as an
    output.

    Args:
        subject: The model and the graph.
        path: File of the graph.
        runs: What was run, with what both sides gave.

    Returns:
        The place, or why none was found; None where no run differs.
    """
    run = next((run for run in runs if not run.refusal and _differing(subject, run)), None)
    if run is None:
        return None
    tensors = {name: torch.from_numpy(array.copy()) for name, array in run.inputs.items()}
    trace = watch(subject.flat, tensors)
    again = watch(subject.flat, tensors, disturbed=True)
    modules = [name for name, _ in subject.flat.named_modules()]
    try:
        found = graph.run_whole(path, run.inputs, modules)
    except Exception as error:
        return NotLocated(f"the graph does not run with every value as an output: {first_line(error)}")
    values = compare.Values(found)
    alike = [op.name for op in again.ops] == [op.name for op in trace.ops]
    matches = compare.match_all(trace, again if alike else None, values)
    names = _differing(subject, run)
    differing = [
        place for name, place in zip(subject.flat.output_names, trace.outputs, strict=True) if name in names and place is not None
    ]
    begin = decide.origin(trace, matches, differing)
    if begin is None:
        return NotLocated("every value that PyTorch computes is in the graph: its outputs are taken from the wrong ones")
    return _located(subject, run, trace, found, values, matches, begin)


def _differing(subject: Subject, run: Run) -> set[str]:
    return {
        name
        for name, expected in run.expected.items()
        if name in run.actual
        and not difference(expected, run.actual[name], subject.atol, run.ignored.get(name))[1] <= 1
    }


def _located(
    subject: Subject,
    run: Run,
    trace: Trace,
    found: Sequence[GraphValue],
    values: compare.Values,
    matches: Sequence[Match],
    begin: Op,
) -> Located:
    modules = dict(subject.flat.named_modules())
    absent = decide.outermost_absent(begin.module, [value.module for value in found])
    module = absent or begin.module
    node = None if absent else _node(trace, found, begin)
    kind = type(modules[module])
    file, line = (begin.file, begin.line) if begin.file else source_of(kind)
    growth = []
    for call in decide.milestones(trace.calls, module):
        measured = compare.distance(trace, call, values, subject.atol)
        if measured is not None:
            growth.append(Divergence(_shown(call.module), call.class_name, *measured))
    return Located(
        module=_shown(module),
        class_name=kind.__name__,
        file=file,
        line=line,
        operator=node.operator if node else "",
        node=node.node if node else "",
        torch_operator=begin.name,
        at=describe(run),
        growth=tuple(growth),
        absent=absent is not None,
    )


def _node(trace: Trace, found: Sequence[GraphValue], begin: Op) -> GraphValue | None:
    """The operator of the graph in the place of one of PyTorch's.

    In its module, of its shape, giving nothing that PyTorch has too; among several one of the same kind.
    """
    own = [value for value in found if value.module == begin.module]
    known = compare.shared(trace, own)
    shapes = {trace.values[place].shape for place in begin.outputs}
    sizes = {trace.values[place].size for place in begin.outputs}
    unknown = [value for value in own if value.name not in known]
    fitting = [value for value in unknown if value.array.shape in shapes]
    fitting = fitting or [value for value in unknown if value.array.size in sizes]
    kinds = decide.operators_for(begin.name)
    alike = [value for value in fitting if value.operator in kinds]
    return next(iter(alike or fitting or unknown or own), None)


def _shown(module: str) -> str:
    """A path in the model rather than in the wrapper around it."""
    return module.removeprefix("model").removeprefix(".")
