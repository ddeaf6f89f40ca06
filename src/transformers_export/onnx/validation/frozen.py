"""Which axis a graph froze when it refuses sizes that PyTorch takes: one length is changed at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from transformers_export.onnx.inputs import TRACED, Sizes
from transformers_export.onnx.lengths import axis_kind, free_labels
from transformers_export.onnx.probing import free_lengths, tied
from transformers_export.onnx.validation.runs import ModelRefusedError, Run, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.onnx.validation.runs import Subject

_OTHERS = {"batch": (3, 1), "choices": (3, 1), "sequence": (11, 1), "decoder": (4, 1), "past": (5, 1)}
"""Lengths that are asked for in place of the traced one; 1 apart, as code often takes another way there."""


@dataclass(frozen=True)
class Frozen:
    """One axis that does not vary in the graph."""

    name: str
    """Of the output or, where no output has this length, of the input."""
    axis: int
    label: str
    """As declared."""
    length: int
    """What it is frozen at; the traced length."""
    refused: int
    """A length that PyTorch takes and the graph does not."""
    error: str

    def __str__(self) -> str:
        where = "above 1" if self.refused == 1 else f"at {self.length}"
        return (
            f"axis {self.axis} of {self.name} is frozen {where} (declared {self.label!r}): PyTorch takes "
            f"{self.refused}, the graph does not ({self.error})"
        )


def frozen_axes(subject: Subject) -> list[Frozen]:
    """Change one length at a time, from the traced sizes on; empty where the graph refuses those too."""
    base = tied(subject.flat, subject.config, subject.template, TRACED)
    first = run(subject, base)
    if first.refusal:
        return []
    found: dict[tuple[str, int], Frozen] = {}
    for label, other in _varied(subject, base):
        try:
            second = run(subject, other)
        except ModelRefusedError:
            continue
        if second.refusal:
            for frozen in _with_label(subject, label, first, second):
                found.setdefault((frozen.name, frozen.axis), frozen)
    return list(found.values())


def _varied(subject: Subject, base: Sizes) -> Iterator[tuple[str, Sizes]]:
    """Labels, each with sizes that differ in it alone."""
    config = subject.config
    labels = {
        label: axis_kind(config, name, axis)
        for name, axes in config.inputs.items()
        for axis, label in axes.items()
        if axis_kind(config, name, axis) != "free"
    }
    for label, kind in labels.items():
        for length in _OTHERS[kind]:
            changed: dict[str, Any] = {kind: length}
            if kind == "sequence" and base.decoder == base.sequence:
                changed["decoder"] = length  # both sides of one length
            yield label, replace(base, **changed)
    for label, length in free_lengths(subject.flat, config, subject.template):
        if label in free_labels(config, subject.template):
            yield label, replace(base, others=((label, length),))


def _with_label(subject: Subject, label: str, first: Run, second: Run) -> Iterator[Frozen]:
    """Outputs that have the label; inputs where none has it."""
    config = subject.config
    for declared, before, after in (
        (config.outputs, first.expected, second.expected),
        (config.inputs, first.inputs, second.inputs),
    ):
        axes = [(name, axis) for name, labels in declared.items() for axis, each in labels.items() if each == label]
        for name, axis in axes:
            lengths = before[name].shape[axis], after[name].shape[axis]
            if lengths[0] != lengths[1]:
                yield Frozen(name, axis, label, *lengths, second.refusal)
        if axes:
            return
