"""Check `types`: inputs and outputs have the model's element types and ranks.

The graph is run on inputs cast to its own types all the same, so that the other checks still speak of their own matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.onnx.validation.types import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from transformers_export.onnx.validation.material import Observed


def check_types(seen: Observed) -> Check:
    """Compare what the graph says of its inputs and outputs with PyTorch's tensors."""
    if not seen.runs:
        return Check("types", "not-run", "PyTorch took no size that could be compared")
    graph, run = seen.stored.graph.graph, seen.runs[0]
    arrays = {**run.inputs, **run.expected}
    kinds = {name: str(array.dtype) for name, array in arrays.items()} | dict(seen.stored.kinds)
    ranks = {name: array.ndim for name, array in arrays.items()}
    problems = [
        *_differences("input", graph.inputs, kinds, ranks),
        *_differences("output", graph.outputs, kinds, ranks),
    ]
    if problems:
        return Check("types", "failed", "; ".join(problems), figure=float(len(problems)), limit=0.0)
    return Check("types", "passed", ", ".join(sorted(set(kinds.values()))), figure=0.0, limit=0.0)


def _differences(side: str, values: Any, kinds: Mapping[str, str], ranks: Mapping[str, int]) -> Iterator[str]:
    for value in values:
        if value.name not in ranks:
            continue  # the names check says so
        kind, rank = kinds[value.name], ranks[value.name]
        if value.dtype is not None and str(value.dtype.numpy()) != kind:
            yield f"{side} {value.name} is {value.dtype.numpy()} in the graph and {kind} in PyTorch"
        if value.shape is not None and len(value.shape) != rank:
            yield f"{side} {value.name} has {len(value.shape)} axes in the graph and {rank} in PyTorch"
