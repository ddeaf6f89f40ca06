"""Running PyTorch and the graph side by side, at sizes that differ from the traced ones."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from transformers_export.onnx.flat import OutputMissingError
from transformers_export.onnx.inputs import Sizes, make_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from torch import Tensor

    from transformers_export.onnx.flat import FlatModel

SHAPES = (
    Sizes(batch=1, sequence=5, decoder=3, past=4, choices=2),
    Sizes(batch=3, sequence=13, decoder=7, past=1, choices=5),
    Sizes(batch=4, sequence=9, decoder=1, past=7, choices=3),
)
"""Every length differs from the traced one (`inputs.TRACED`); batch 1 is among them."""

PADDED = Sizes(batch=3, sequence=11, decoder=5, past=4, choices=3, padding="right")
"""Padded on the right: there every position still attends to a real one, so every output means something."""


@dataclass(frozen=True)
class Run:
    """One set of inputs through both sides. Arrays are by declared name."""

    sizes: Sizes
    inputs: Mapping[str, np.ndarray]
    expected: Mapping[str, np.ndarray]
    """PyTorch's outputs."""
    actual: Mapping[str, np.ndarray] = field(default_factory=dict)
    """ONNX Runtime's; empty where it refused."""
    refusal: str = ""


@dataclass(frozen=True)
class Subject:
    """What is validated: the file's session beside the model it was exported from."""

    path: Path
    config: Any
    flat: FlatModel
    session: Any
    template: Mapping[str, Tensor]
    atol: float


def open_session(path: Path) -> Any:
    """Load a file in ONNX Runtime on the CPU, with as many threads as `OMP_NUM_THREADS` says.

    Raises:
        Exception: ONNX Runtime's own, of several types, when it cannot load the file.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS") or 0)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run_all(subject: Subject) -> tuple[list[Run], list[str]]:
    """Run every shape and the padded one.

    Returns:
        The runs PyTorch accepted, and a sentence for each shape that it refused.
    """
    runs: list[Run] = []
    refused: list[str] = []
    for sizes in (*SHAPES, PADDED):
        first = _attempt(subject, sizes)
        # Some heads on sequence-to-sequence models need both sides of one length.
        attempts = (
            [first] if isinstance(first, Run) else [first, _attempt(subject, replace(sizes, decoder=sizes.sequence))]
        )
        runs += [attempt for attempt in attempts if isinstance(attempt, Run)]
        refused += [attempt for attempt in attempts if isinstance(attempt, str)]
    return runs, refused


class ModelRefusedError(Exception):
    """PyTorch itself does not take these sizes."""


def run(subject: Subject, sizes: Sizes) -> Run:
    """Run one set of sizes through both sides.

    Raises:
        ModelRefusedError: PyTorch does not take them.
        OutputMissingError: The model does not return a declared output.
    """
    tensors = make_inputs(subject.config, subject.template, sizes, seed=1)
    flat = subject.flat
    try:
        expected = flat(*(tensors[name] for name in flat.input_names))
    except OutputMissingError:
        raise
    except Exception as error:
        raise ModelRefusedError(_first_line(error)) from error
    inputs = {name: tensor.numpy() for name, tensor in tensors.items()}
    result = Run(sizes, inputs, {name: _array(t) for name, t in zip(flat.output_names, expected, strict=True)})
    try:
        return replace(result, actual=run_graph(subject.session, inputs))
    except Exception as error:
        return replace(result, refusal=_first_line(error))


def run_graph(session: Any, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Run the graph on those inputs that it takes.

    Raises:
        Exception: ONNX Runtime's own, of several types.
    """
    taken = {value.name for value in session.get_inputs()}
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, {name: inputs[name] for name in taken}), strict=True))


def describe(sizes: Sizes) -> str:
    """The sizes in words, for messages."""
    padding = f", padded {sizes.padding}" if sizes.padding != "none" else ""
    return f"batch {sizes.batch} × sequence {sizes.sequence}{padding}"


def _attempt(subject: Subject, sizes: Sizes) -> Run | str:
    """A run, or why PyTorch refused it."""
    try:
        return run(subject, sizes)
    except ModelRefusedError as refusal:
        return f"{describe(sizes)}: {refusal}"


def _array(tensor: Tensor) -> np.ndarray:
    import torch

    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300] if lines else ''}"
