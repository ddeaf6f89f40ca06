"""Check `types`: inputs and outputs have the model's element types and ranks.

The graph is run on inputs cast to its own types all the same, so that the other checks still speak of their own matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.onnx.validation.types import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np

    from transformers_export.onnx.validation.material import Observed


def check_types(seen: Observed) -> Check:
    """Compare what the graph says of its inputs and outputs with PyTorch's tensors."""
    if not seen.runs:
        return Check("types", "not-run", "PyTorch took no size that could be compared")
    graph, run = seen.file.graph.graph, seen.runs[0]
    problems = [
        *_differences("input", graph.inputs, run.inputs),
        *_differences("output", graph.outputs, run.expected),
    ]
    if problems:
        return Check("types", "failed", "; ".join(problems), figure=float(len(problems)), limit=0.0)
    kinds = sorted({str(array.dtype) for array in (*run.inputs.values(), *run.expected.values())})
    return Check("types", "passed", ", ".join(kinds), figure=0.0, limit=0.0)


def _differences(kind: str, values: Any, arrays: Mapping[str, np.ndarray]) -> Iterator[str]:
    for value in values:
        array = arrays.get(value.name)
        if array is None:
            continue  # the names check says so
        if value.dtype is not None and value.dtype.numpy() != array.dtype:
            yield f"{kind} {value.name} is {value.dtype.numpy()} in the graph and {array.dtype} in PyTorch"
        if value.shape is not None and len(value.shape) != array.ndim:
            yield f"{kind} {value.name} has {len(value.shape)} axes in the graph and {array.ndim} in PyTorch"
