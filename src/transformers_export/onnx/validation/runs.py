"""Running PyTorch and the graph side by side, at sizes that differ from the traced ones."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from transformers_export.onnx import mapped
from transformers_export.onnx.flat import OutputMissingError
from transformers_export.onnx.inputs import Sizes, input_shapes, make_inputs
from transformers_export.onnx.lengths import uses_past
from transformers_export.onnx.padding import declares_mask, is_padded
from transformers_export.onnx.probing import free_lengths
from transformers_export.onnx.validation.ties import is_whole, tied

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from torch import Tensor

    from transformers_export.onnx.flat import FlatModel

    Graph = Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]
    """What was exported, as a function of its declared inputs; raises where it refuses them."""

SHAPES = (
    Sizes(batch=3, sequence=13, decoder=7, past=1, choices=5),
    Sizes(batch=2, sequence=5, decoder=3, past=4, choices=4),
    # One of everything: code often takes another way there, and it is what generation asks for.
    Sizes(batch=1, sequence=1, decoder=1, past=7, choices=1),
    # Long enough for code that takes another way above some length; short enough for 64 positions.
    Sizes(batch=1, sequence=37, decoder=21, past=19, choices=3),
)
"""Every length differs from the traced one (`inputs.TRACED`); batch 1 and sequence 1 are among them."""

EMPTY_PAST = Sizes(batch=3, sequence=6, decoder=5, past=0, choices=3)
"""As generation begins."""

PADDED = (
    Sizes(batch=3, sequence=11, decoder=5, past=4, choices=3, padding="right", empty_row=True),
    Sizes(batch=3, sequence=12, decoder=7, past=6, choices=4, padding="left"),
)


RUNS, PAST, PADDING, EFFECT = 1, 2, 3, 4
"""What inputs are drawn for, see `Subject.draw`."""
_PURPOSES = 100
"""More than there are, so that seeds share no values."""

_SAID = ("input_ids", "decoder_input_ids", "inputs", "inputs_embeds", "pixel_values", "input_features", "input_values")
"""Inputs whose shape tells the reader what was run."""


@dataclass(frozen=True)
class Run:
    """One set of inputs through both sides. Arrays are by declared name."""

    sizes: Sizes
    inputs: Mapping[str, np.ndarray]
    expected: Mapping[str, np.ndarray]
    """PyTorch's outputs."""
    ignored: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Positions of outputs that mean nothing, as booleans that broadcast to them: see `meaningless`."""
    actual: Mapping[str, np.ndarray] = field(default_factory=dict)
    """The graph's; empty where it refused."""
    refusal: str = ""


@dataclass(frozen=True)
class Subject:
    """What is validated: the graph of a file beside the model it was exported from."""

    config: Any
    flat: FlatModel
    graph: Graph
    template: Mapping[str, Tensor]
    atol: float
    seed: int = 0
    """What values of inputs are drawn from; equal seeds give equal inputs."""
    undeclared: Mapping[str, Tensor] = field(default_factory=dict)
    """What the preprocessor makes and the configuration does not declare."""
    max_length: int | None = None
    """The longest row that may be tried; what time and memory allow where None."""

    def draw(self, sizes: Sizes, purpose: int) -> dict[str, Tensor]:
        """Inputs of these sizes. Each purpose has values of its own, so that no check repeats another's."""
        return make_inputs(self.config, self.template, sizes, seed=_PURPOSES * self.seed + purpose)


def open_session(message: Any, folder: Path) -> Any:
    """Load a model in ONNX Runtime on the CPU, with as many threads as `OMP_NUM_THREADS` says.

    Args:
        message: What `files.read_message` gives.
        folder: Where the files lie to which its weights refer.

    Raises:
        Exception: ONNX Runtime's own, of several types, when it cannot load the file.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS") or 0)
    # Weights are mapped where they lie in the file; repacked ones would be a copy that a few runs never earn back.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(folder.resolve()))
    options.add_session_config_entry("session.disable_prepacking", "1")
    return onnxruntime.InferenceSession(message.SerializeToString(), options, providers=["CPUExecutionProvider"])


def planned(subject: Subject) -> tuple[Sizes, ...]:
    """Every shape, the padded ones, an empty past, and one more with every free label at another length.

    Sizes that come to the same shapes are run once: an image has no sequence.
    """
    others = free_lengths(subject.flat, subject.config, subject.template)
    padded = PADDED if declares_mask(subject.config) else ()
    empty = (EMPTY_PAST,) if uses_past(subject.config) else ()
    every = (*SHAPES, *padded, *empty, *([replace(SHAPES[0], others=others)] if others else []))
    return tuple({(sizes.padding, *_shapes(subject, sizes)): sizes for sizes in reversed(every)}.values())[::-1]


def _shapes(subject: Subject, sizes: Sizes) -> tuple[tuple[int, ...], ...]:
    return tuple(input_shapes(subject.config, subject.template, sizes).values())


def run_all(subject: Subject, shapes: Sequence[Sizes]) -> tuple[list[Run], list[str]]:
    """Run these shapes: all of them through PyTorch, then all of them through the graph.

    So PyTorch's weights and the graph's are not needed in memory at once.

    Returns:
        The runs PyTorch accepted, and a sentence for each shape that it refused.
    """
    references: list[Run] = []
    refused: list[str] = []
    for sizes in shapes:
        first = _attempt(subject, sizes)
        if sizes.empty_row and not _has_numbers(first):
            # PyTorch has no numbers for a row that is all padding: the same without it.
            sizes = replace(sizes, empty_row=False)
            first = _attempt(subject, sizes)
        # Some heads on sequence-to-sequence models need both sides of one length.
        tied = replace(sizes, decoder=sizes.sequence)
        attempts = [first] if isinstance(first, Run) else [first, _attempt(subject, tied)]
        references += [attempt for attempt in attempts if isinstance(attempt, Run)]
        refused += [attempt for attempt in attempts if isinstance(attempt, str)]
    mapped.give_back(subject.flat)
    return [_through_graph(subject, reference) for reference in references], refused


def _attempt(subject: Subject, sizes: Sizes) -> Run | str:
    """PyTorch's half of a run, or why PyTorch refused it."""
    try:
        return _through_model(subject, sizes, subject.draw(sizes, RUNS))
    except ModelRefusedError as refusal:
        return f"batch {sizes.batch} × sequence {sizes.sequence}: {refusal}"


def _has_numbers(attempt: Run | str) -> bool:
    """Tell whether PyTorch took the inputs and gave no NaN or infinity."""
    return isinstance(attempt, Run) and all(np.isfinite(array).all() for array in attempt.expected.values())


class ModelRefusedError(Exception):
    """PyTorch itself does not take these sizes."""


def run(subject: Subject, sizes: Sizes) -> Run:
    """Run one set of sizes through both sides.

    Raises:
        ModelRefusedError: PyTorch does not take them.
        OutputMissingError: The model does not return a declared output.
    """
    return run_inputs(subject, sizes, subject.draw(sizes, RUNS))


def run_inputs(subject: Subject, sizes: Sizes, tensors: Mapping[str, Tensor]) -> Run:
    """Run inputs that were drawn at some sizes through both sides.

    Raises:
        ModelRefusedError: PyTorch does not take them.
        OutputMissingError: The model does not return a declared output.
    """
    return _through_graph(subject, _through_model(subject, sizes, tensors))


def _through_model(subject: Subject, sizes: Sizes, tensors: Mapping[str, Tensor]) -> Run:
    flat = subject.flat
    try:
        expected = flat(*(tensors[name] for name in flat.input_names))
    except OutputMissingError:
        raise
    except Exception as error:
        raise ModelRefusedError(first_line(error)) from error
    inputs = {name: tensor.numpy() for name, tensor in tensors.items()}
    outputs = {name: tensor.numpy() for name, tensor in zip(flat.output_names, expected, strict=True)}
    return Run(sizes, inputs, outputs, meaningless(subject.config, sizes, inputs, outputs))


def _through_graph(subject: Subject, reference: Run) -> Run:
    try:
        actual = subject.graph(reference.inputs)
    except Exception as error:
        return replace(reference, refusal=first_line(error))
    ties = _ties(subject.flat, reference.inputs, reference.expected, actual)
    empty = _empty_row(subject.config, reference, actual)
    return replace(reference, actual=actual, ignored={**reference.ignored, **empty, **ties})


def _empty_row(config: Any, reference: Run, actual: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Places of outputs that belong to a row that is all padding, in those outputs that are all numbers.

    That row must be numbers, as it is in PyTorch, and must not reach the other rows. Which numbers is left open: what
    attends to nothing is a mean of everything or zero, or rounding decides (measured on all model types: T5's through
    dynamo, and Apertus's norms over next to nothing).
    """
    empty: dict[str, np.ndarray] = {}
    if not reference.sizes.empty_row:
        return empty
    for name, array in actual.items():
        if not np.isfinite(array).all():
            continue
        place = np.zeros(array.shape, dtype=bool)
        for axis, label in config.outputs.get(name, {}).items():
            if "batch" in label and axis < array.ndim and array.shape[axis] == reference.sizes.batch:
                np.moveaxis(place, axis, 0)[-1] = True
        empty[name] = place
    return empty


def _ties(
    flat: FlatModel,
    inputs: Mapping[str, np.ndarray],
    expected: Mapping[str, np.ndarray],
    actual: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Places of whole numbers that rounding decides, where some differ; see `ties.py`."""
    whole = [name for name, array in expected.items() if name in actual and is_whole(array)]
    if all(expected[name].shape != actual[name].shape or (expected[name] == actual[name]).all() for name in whole):
        return {}
    return tied(flat, [torch.from_numpy(inputs[name]) for name in flat.input_names], expected)


def run_graph(session: Any, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Run the graph on those inputs that it takes, cast to its own types where they differ (see `element_types.py`).

    Raises:
        Exception: ONNX Runtime's own, of several types.
    """
    taken = {value.name: _cast(inputs[value.name], value.type) for value in session.get_inputs()}
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, taken), strict=True))


_NUMPY = {"float": "float32", "double": "float64"}
"""ONNX Runtime's names of types, where NumPy has another."""


def _cast(array: np.ndarray, type_name: str) -> np.ndarray:
    """Bring an array to a type as ONNX Runtime writes it: `tensor(int64)`."""
    inner = type_name.removeprefix("tensor(").removesuffix(")")
    return array.astype(_NUMPY.get(inner, inner), copy=False)


def meaningless(
    config: Any, sizes: Sizes, inputs: Mapping[str, np.ndarray], outputs: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Positions of outputs that a left-padded row masks: under a causal mask they attend to nothing.

    Their values are no one's business, and exporters differ there. An output's axis belongs to a mask when its label
    names that side's sequence and it is as long as the mask.
    """
    ignored: dict[str, np.ndarray] = {}
    if sizes.padding != "left":
        return ignored
    for name, axes in config.outputs.items():
        for axis, label in axes.items():
            side = "decoder_attention_mask" if "decoder" in label else "attention_mask"
            mask = inputs.get(side)
            if axis and "sequence" in label and mask is not None and outputs[name].shape[axis] == mask.shape[-1]:
                if mask.ndim != 2 or outputs[name].shape[0] != mask.shape[0]:
                    continue
                shape = [1] * outputs[name].ndim
                shape[0], shape[axis] = mask.shape
                ignored[name] = (mask == 0).reshape(shape)
    return ignored


def describe(run: Run) -> str:
    """The shapes that were run, in words, for messages."""
    named = [
        f"{name} {'×'.join(map(str, array.shape))}"
        for name, array in run.inputs.items()
        if name in _SAID or len(run.inputs) == 1
    ]
    past = next((array for name, array in run.inputs.items() if name.startswith("past_key_values.")), None)
    named += [f"past {past.shape[2]}"] if past is not None and past.ndim > 2 else []
    padding = f", padded {run.sizes.padding}" if is_padded(run.inputs) else ""
    padding += ", one row all padding" if run.sizes.empty_row else ""
    return ", ".join(named or [f"batch {run.sizes.batch}"]) + padding


def first_line(error: Exception) -> str:
    """An error in one line: its type and how its message begins."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300] if lines else ''}"
