"""Shapes just beyond every length at which the model computes something else, where they cost little enough.

`thresholds.py` finds the lengths. PyTorch is asked whether it takes more than a table of positions holds; where it does
not, the longest that it takes is run.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from transformers_export.onnx.lengths import axis_kind, is_seq2seq, uses_past
from transformers_export.onnx.probing import takes
from transformers_export.onnx.thresholds import Threshold, thresholds
from transformers_export.onnx.validation.runs import RUNS, SHAPES

if TYPE_CHECKING:
    from transformers_export.onnx.inputs import Sizes
    from transformers_export.onnx.validation.runs import Subject

_LONGEST = max(SHAPES, key=lambda sizes: sizes.sequence)
_CHEAP = 512
"""Tokens in a row that nobody needs to think about."""
_SECONDS = 30.0
"""Of running lengths in all."""
_RUNS = 6
"""What one length costs: PyTorch and the graph, at once and decoding."""
_SHARE_OF_MEMORY = 0.7
_TABLE_LEAVES_OUT = range(1, -5, -1)
"""From one more than a table is long to what some models lose of it to padding."""


@dataclass(frozen=True)
class Crossing:
    """What is run because of lengths in the configuration."""

    shapes: tuple[Sizes, ...] = ()
    decoded: tuple[int, ...] = ()
    """Lengths that decoding goes across."""
    unverified: tuple[Threshold, ...] = ()
    """Those that were not reached."""
    longest: int = _LONGEST.sequence
    """The longest row that is run."""

    ends: tuple[Threshold, ...] = ()
    """Tables of positions at which the graph ends and says so; PyTorch makes more positions."""

    @property
    def remark(self) -> str:
        """What was not verified, and what the graph does not take; empty where there is nothing to say."""
        ends = (f"the graph takes no text longer than {each.length} ({each.field})" for each in self.ends)
        return "; ".join(filter(None, (self._not_tried, *ends)))

    @property
    def _not_tried(self) -> str:
        if not self.unverified:
            return ""
        said = ", ".join(f"{each.length} ({each.field})" for each in self.unverified)
        return (
            f"verified up to a length of {self.longest} tokens; the model may compute something else beyond {said}, "
            f"which was not tried: pass --max-length {self.unverified[-1].length + 2} to try it"
        )


def crossing(subject: Subject) -> Crossing:
    """Plan what crosses every threshold of the model's configuration."""
    found = found_thresholds(subject)
    past = uses_past(subject.config)
    shapes: list[Sizes] = []
    decoded: list[int] = []
    unverified: list[Threshold] = []
    ends: list[Threshold] = []
    longest, budget = _LONGEST.sequence, _Budget(subject)
    for threshold in found:
        if threshold.length < getattr(_LONGEST, threshold.side):
            decoded += [] if threshold.table else [threshold.length]
            continue
        if not budget.affords(threshold.length):
            unverified.append(threshold)
            continue
        sizes = _beyond(subject, threshold)
        if sizes is None:
            continue
        shapes.append(sizes)
        longest = max(longest, getattr(sizes, threshold.side) + (sizes.past if past else 0))
        if not threshold.table:
            decoded.append(threshold.length)
        elif _graph_ends(subject, sizes, threshold):
            ends.append(threshold)
            shapes[-1] = _row(subject, threshold, 0)
    decoding = past and not is_seq2seq(subject.config)
    across = tuple(dict.fromkeys(decoded)) if decoding else ()
    return Crossing(tuple(shapes), across, tuple(unverified), longest, tuple(ends))


def found_thresholds(subject: Subject) -> tuple[Threshold, ...]:
    """The thresholds of a model that reads text; none of images alone."""
    config = subject.config
    kinds = {axis_kind(config, name, axis) for name, axes in config.inputs.items() for axis in axes}
    whole: Any = config._config
    if not kinds & {"sequence", "decoder"} or not hasattr(whole, "to_dict"):
        return ()
    tensors = chain(subject.flat.parameters(), subject.flat.buffers())
    tables = frozenset(max(tensor.shape[:2]) for tensor in tensors if tensor.ndim > 1)
    found = thresholds(whole.to_dict(), seq2seq=is_seq2seq(config), table_lengths=tables)
    return tuple(each for each in found if each.side in kinds)


def _beyond(subject: Subject, threshold: Threshold) -> Sizes | None:
    """One row that is one token longer than the threshold; as long as PyTorch takes where it takes no more."""
    for more in _TABLE_LEAVES_OUT if threshold.table else (1,):
        sizes = _row(subject, threshold, more)
        if not threshold.table or takes(subject.flat, subject.config, subject.template, sizes):
            return sizes
    return None


def _row(subject: Subject, threshold: Threshold, more: int) -> Sizes:
    """One row that is that much longer than the threshold, with what is cached."""
    past = 1 if uses_past(subject.config) else 0
    changed: dict[str, Any] = {"sequence": 8, "decoder": 6, threshold.side: threshold.length + more - past}
    return replace(SHAPES[2], past=past, **changed)


def _graph_ends(subject: Subject, sizes: Sizes, threshold: Threshold) -> bool:
    """Tell whether the graph refuses more than the table holds, where PyTorch computes more of it.

    That is no wrong value, and no file can hold a table without end.
    """
    if getattr(sizes, threshold.side) + sizes.past <= threshold.length:
        return False
    drawn = subject.draw(sizes, RUNS)
    try:
        subject.graph({name: tensor.numpy() for name, tensor in drawn.items()})
    except Exception:  # ONNX Runtime's own, of several types
        return True
    return False


class _Budget:
    """How long rows may be: as asked, else as the time of one row and the free memory allow."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._spent = 0.0
        self._seconds: float | None = None

    def affords(self, length: int) -> bool:
        """Tell whether a row beyond this length may be run, and count it."""
        asked = self._subject.max_length
        if asked is not None:
            return length < asked
        if length <= _CHEAP:
            return True
        self._spent += self._cost(length)
        return self._spent <= _SECONDS and self._memory(length) <= _free_memory() * _SHARE_OF_MEMORY

    def _cost(self, length: int) -> float:
        """Seconds: as many times one row as it is longer, and attention once more so."""
        if self._seconds is None:
            row = replace(_LONGEST, past=1, choices=1)
            takes(self._subject.flat, self._subject.config, self._subject.template, row)
            start = time.perf_counter()
            takes(self._subject.flat, self._subject.config, self._subject.template, row)
            self._seconds = time.perf_counter() - start
        hidden, layers = self._numbers("hidden_size", "num_hidden_layers")
        weights = max(1, sum(each.numel() for each in self._subject.flat.parameters()))
        return _RUNS * self._seconds * length / _LONGEST.sequence * (1 + 2 * length * hidden * layers / weights)

    def _memory(self, length: int) -> float:
        """Bytes: scores of attention and the largest outputs, on either side."""
        heads, vocabulary = self._numbers("num_attention_heads", "vocab_size")
        hidden, layers = self._numbers("hidden_size", "num_hidden_layers")
        return 4.0 * length * (4 * heads * length + 4 * vocabulary + 6 * hidden * layers)

    def _numbers(self, *names: str) -> tuple[int, ...]:
        whole: Any = self._subject.config._config
        text = whole.get_text_config() if hasattr(whole, "get_text_config") else whole
        values = (getattr(text, name, 0) for name in names)
        return tuple(value if isinstance(value, int) else 0 for value in values)


def _free_memory() -> float:
    """Bytes that may be taken; endless where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:  # noqa: PTH123  (no file of ours)
            return next(float(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return float("inf")
