"""Check `data`: weights outside the model file are there, whole, and nothing else is stored with them.

ONNX Runtime says so only of tensors that the graph reads, and says it as a failed load.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from transformers_export.onnx.validation.types import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import onnx_ir

    from transformers_export.onnx.validation.material import GraphFile

    Tensors = Sequence[onnx_ir.ExternalTensor]

ALIGNMENT = 64 * 1024
"""Writers may round the end of a file up to a page of at most this many bytes."""


def check_data(file: GraphFile) -> Check:
    """Hold every tensor that is stored outside the model file against the file it names."""
    by_path = _by_path(file)
    problems = [problem for path, tensors in by_path.items() for problem in _problems(file.path, path, tensors)]
    if problems:
        return Check("data", "failed", "; ".join(problems), figure=float(len(problems)), limit=0.0)
    said = [f"{_bytes(_end(tensors))} of {len(tensors)} tensors in {path.name}" for path, tensors in by_path.items()]
    return Check("data", "passed", "; ".join(said) or "all weights are in the model file", figure=0.0, limit=0.0)


def _by_path(file: GraphFile) -> dict[Path, list[onnx_ir.ExternalTensor]]:
    """Tensors outside the model file, by the file that holds them."""
    import onnx_ir

    found: dict[Path, list[onnx_ir.ExternalTensor]] = {}
    for graph in file.graph.graphs():
        for value in graph.initializers.values():
            tensor = value.const_value
            if isinstance(tensor, onnx_ir.ExternalTensor) and tensor.location != file.path.name:
                found.setdefault(file.path.parent / tensor.location, []).append(tensor)
    return found


def _problems(model: Path, path: Path, tensors: Tensors) -> Iterator[str]:
    if not path.resolve().is_relative_to(model.parent.resolve()):
        yield f"{path} lies outside the model's folder: the model cannot be moved, and ONNX Runtime refuses it"
        return
    if not path.is_file():
        yield f"{path.name} is missing: {len(tensors)} tensors are stored in it, {tensors[0].name} among them"
        return
    size = path.stat().st_size
    past_the_end = [tensor for tensor in tensors if _stop(tensor) > size]
    if past_the_end:
        first = past_the_end[0]
        yield (
            f"{path.name} is truncated: it has {size} bytes, and {len(past_the_end)} of {len(tensors)} tensors lie "
            f"past its end ({first.name}: bytes {first.offset or 0} to {_stop(first)})"
        )
    elif size - _end(tensors) > ALIGNMENT:
        yield (
            f"{path.name} has {_bytes(size - _end(tensors))} after its last tensor, which no tensor refers to: it was "
            "written over an older file; delete that one before saving"
        )
    for tensor in tensors:
        if tensor.length is not None and tensor.length != tensor.nbytes:
            yield f"{tensor.name} takes {tensor.nbytes} bytes by its shape and type, and {tensor.length} are stored"
    yield from _overlaps(tensors)


def _overlaps(tensors: Tensors) -> Iterator[str]:
    """Tensors that share some of their bytes; equal ones may share all."""
    ordered = sorted(tensors, key=lambda tensor: (tensor.offset or 0, _stop(tensor)))
    for one, other in itertools.pairwise(ordered):
        same = (one.offset or 0, _stop(one)) == (other.offset or 0, _stop(other))
        if not same and (other.offset or 0) < _stop(one):
            yield f"{one.name} and {other.name} overlap in {other.path}"


def _stop(tensor: onnx_ir.ExternalTensor) -> int:
    return (tensor.offset or 0) + tensor.nbytes


def _end(tensors: Tensors) -> int:
    return max(_stop(tensor) for tensor in tensors)


def _bytes(count: int) -> str:
    return f"{count:,} bytes"
