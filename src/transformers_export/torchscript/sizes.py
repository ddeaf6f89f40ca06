"""Which sizes a trace is asked about, and for which of them it held."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from transformers_export.onnx.inputs import TRACED, Sizes
from transformers_export.onnx.padding import declares_mask
from transformers_export.onnx.validation.runs import Run, describe
from transformers_export.onnx.validation.values import difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformers_export.torchscript.manifest import Manifest


_NAMED = ("batch", "choices", "sequence", "decoder", "past")


@dataclass(frozen=True)
class Answer:
    """What a trace did at one size."""

    run: Run
    traced: bool
    """Whether it is the size it was traced at."""
    problem: str
    """The error that comes, or how the values differ; empty where it holds."""

    @property
    def where(self) -> str:
        """The shapes, in words."""
        return describe(self.run)


def traced_sizes(manifest: Manifest) -> Sizes:
    """The sizes a trace was made at."""
    lengths = manifest.lengths()
    taken: dict[str, Any] = {kind: length for kind, length in lengths.items() if kind in _NAMED}
    free = {
        label: tensor.shape[axis]
        for tensor in manifest.inputs
        for axis, label in tensor.axes.items()
        if tensor.kinds.get(axis) == "free"
    }
    return replace(TRACED, **taken, others=tuple(sorted(free.items())))


def at_traced_shapes(config: Any, traced: Sizes) -> tuple[Sizes, ...]:
    """All that a fixed trace takes: its own size, with rows padded on either side where there is a mask."""
    padded = (replace(traced, padding="right"), replace(traced, padding="left")) if declares_mask(config) else ()
    return (traced, *padded)


def smaller(manifest: Manifest, traced: Sizes) -> tuple[Sizes, ...]:
    """Three sizes below the traced one, for `pad_to`: half, one less, and a batch of one; those that differ from it."""
    text = "sequence" in manifest.lengths() or "decoder" in manifest.lengths()
    half, less = traced, traced
    if text:
        half = replace(traced, sequence=(traced.sequence + 1) // 2, decoder=(traced.decoder + 1) // 2)
        less = replace(traced, sequence=max(1, traced.sequence - 1), decoder=max(1, traced.decoder - 1))
    fewer = replace(less, batch=max(1, traced.batch - 1), choices=max(1, traced.choices - 1))
    return tuple(one for one in dict.fromkeys((half, fewer, replace(traced, batch=1))) if one != traced)


def answers(runs: Sequence[Run], names: Sequence[str], traced: Sizes, atol: float) -> tuple[Answer, ...]:
    """What the trace did at every size that PyTorch takes."""
    return tuple(Answer(run, _is_traced(run.sizes, traced), _problem(run, names, atol)) for run in runs)


def _is_traced(sizes: Sizes, traced: Sizes) -> bool:
    return replace(sizes, padding="none") == traced


def _problem(run: Run, names: Sequence[str], atol: float) -> str:
    return run.refusal or next(_differences(run, names, atol), "")


def _differences(run: Run, names: Sequence[str], atol: float) -> Iterator[str]:
    for name in names:
        if name not in run.actual:
            yield f"no output {name}"
            continue
        worst, share, problem = difference(run.expected[name], run.actual[name], atol, run.ignored.get(name))
        if problem or not share <= 1:
            yield f"{name}: {problem or f'other values, max |Δ| {worst:.1e}'}"
