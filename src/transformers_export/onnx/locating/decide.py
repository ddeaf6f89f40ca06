"""From two records of the same computation to the place where they part. Pure: nothing here runs a model.

PyTorch's operators form a graph of their own. Starting from the outputs that differ, it is followed back through values
that the exported graph does not hold; where that ends, every input is still right: there the difference begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transformers_export.onnx.locating.types import within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers_export.onnx.locating.types import Call, GraphValue, Op, Trace

_PARTIAL = ("slice", "select", "index", "gather", "split", "chunk", "narrow", "view", "size", "expand", "embedding")
"""Operators whose right result says little about the whole of what they read."""
_LAYOUT = frozenset(
    "t transpose permute view _unsafe_view expand unsqueeze squeeze detach alias clone _to_copy".split()  # noqa: SIM905
)
"""Operators that put the same elements elsewhere. Exporters leave them out, or do two at once."""


def is_layout(name: str) -> bool:
    """Whether an operator, `aten.transpose.int`, computes nothing."""
    return name.split(".")[1] in _LAYOUT


_OPERATORS = {
    "addmm": ("Add", "Gemm"),
    "mm": ("MatMul", "Gemm"),
    "bmm": ("MatMul",),
    "convolution": ("Conv", "ConvTranspose", "Add"),
    "native_layer_norm": ("LayerNormalization", "Add"),
    "native_group_norm": ("GroupNormalization", "Add"),
    "native_batch_norm": ("BatchNormalization",),
    "gelu": ("Gelu", "Mul"),
    "silu": ("Mul",),
    "rsqrt": ("Reciprocal", "Div"),
    "mean": ("ReduceMean",),
    "index_select": ("Gather",),
    "embedding": ("Gather",),
    "cat": ("Concat",),
}
"""ONNX operators that give the result of PyTorch's, where the names differ."""


def operators_for(name: str) -> tuple[str, ...]:
    """Types of ONNX operators that give what one of PyTorch's, `aten.addmm.default`, does."""
    plain = name.split(".")[1].strip("_")
    if plain.startswith("scaled_dot_product"):
        return ("MatMul", "Attention")
    return _OPERATORS.get(plain, (plain.replace("_", "").capitalize(),))


@dataclass(frozen=True)
class Match:
    """What the graph holds of one of PyTorch's values."""

    same: tuple[GraphValue, ...]
    """The graph's values that are the same, as far as rounding goes."""
    trivial: bool
    """All its elements are alike, or it has one at most: that something equals it proves nothing."""
    measured: bool
    """The graph has a value of its size in the same module, so a difference means something."""


@dataclass(frozen=True)
class Origin:
    """Where a difference begins."""

    op: Op
    """PyTorch's operator."""
    module: str
    """The innermost module of which it is the doing."""


def origin(trace: Trace, matches: Sequence[Match], differing: Sequence[int]) -> Origin | None:
    """Find where the difference begins.

    Args:
        trace: What PyTorch computed.
        matches: For each of its values.
        differing: Places of the outputs that differ.

    Returns:
        None where no operator computes them.
    """
    maker = {place: number for number, op in enumerate(trace.ops) for place in op.outputs}
    carriers = _carriers(trace, matches)
    returned = _returned(trace)
    confirmed = _confirmed(trace, matches, carriers, returned)
    suspects = _behind(trace, maker, differing, confirmed)
    begins = [
        number
        for number in sorted(suspects)
        if not any(maker.get(place) in suspects and place not in confirmed for place in trace.ops[number].inputs)
    ]
    if not begins:
        return None
    certain = [number for number in begins if any(matches[place].measured for place in trace.ops[number].outputs)]
    op = trace.ops[(certain or begins)[0]]
    return Origin(op, _culprit(op, carriers, returned))


def _carriers(trace: Trace, matches: Sequence[Match]) -> list[tuple[GraphValue, ...]]:
    """The graph's values that hold each of PyTorch's: the same, or the same before it was laid out anew."""
    carriers = [match.same for match in matches]
    for op in trace.ops:
        if is_layout(op.name) and len(op.inputs) == 1:
            for place in op.outputs:
                carriers[place] = carriers[place] or carriers[op.inputs[0]]
    return carriers


def _returned(trace: Trace) -> dict[int, list[str]]:
    """The modules that return each value, innermost first."""
    returned: dict[int, list[str]] = {}
    for call in trace.calls:
        if call.output is not None and call.after > call.first:
            returned.setdefault(call.output, []).append(call.module)
    return returned


def _stuck(place: int, carriers: Sequence[tuple[GraphValue, ...]], returned: dict[int, list[str]]) -> str | None:
    """The innermost module that returns a value in PyTorch, while in the graph something is done to it before."""
    for module in returned.get(place, ()):
        if not any(value.leaves(module) for value in carriers[place]):
            return module
    return None


def _culprit(op: Op, carriers: Sequence[tuple[GraphValue, ...]], returned: dict[int, list[str]]) -> str:
    """The operator's own module, or the one around it that does something to what it gave."""
    for place in op.outputs:
        stuck = _stuck(place, carriers, returned) if carriers[place] else None
        if stuck is not None:
            return stuck
    return op.module


def _confirmed(
    trace: Trace,
    matches: Sequence[Match],
    carriers: Sequence[tuple[GraphValue, ...]],
    returned: dict[int, list[str]],
) -> set[int]:
    """Values that the graph holds, and those that must be right since what was computed of the whole of them is."""
    stuck = {place for place in returned if carriers[place] and _stuck(place, carriers, returned) is not None}
    held = {place for place, found in enumerate(carriers) if found} - stuck
    proof = {place for place in held if matches[place].same and not matches[place].trivial}
    told = {
        place
        for op in trace.ops
        if any(output in proof for output in op.outputs) and not any(part in op.name for part in _PARTIAL)
        for place in op.inputs
    }
    return held | (told - stuck)


def _behind(trace: Trace, maker: dict[int, int], differing: Sequence[int], confirmed: set[int]) -> set[int]:
    """Every operator from which a difference can have come, through values that are not confirmed."""
    found: set[int] = set()
    waiting = [maker[place] for place in differing if place in maker]
    while waiting:
        number = waiting.pop()
        if number in found:
            continue
        found.add(number)
        waiting += [maker[place] for place in trace.ops[number].inputs if place in maker and place not in confirmed]
    return found


def outermost_absent(module: str, present: Sequence[str | None]) -> str | None:
    """The outermost module around `module`, or itself, of which the graph has no operator; None where it has one."""
    absent = None
    path = module
    while path and not any(within(scope, path) for scope in present):
        absent = path
        path = path.rpartition(".")[0]
    return absent


def milestones(calls: Sequence[Call], located: str, most: int = 24) -> list[Call]:
    """The calls worth showing: the deepest level at which no more than `most` modules ran, and the located one."""
    depths = sorted({call.module.count(".") for call in calls if call.module})
    shown: list[Call] = []
    for depth in depths:
        level = [call for call in calls if call.module and _ends_at(call, calls, depth)]
        if len(level) > most:
            break
        shown = level
    here = next((call for call in calls if call.module == located), None)
    if here is not None and here not in shown:
        shown = [call for call in calls if call is here or call in shown]
    return shown


def _ends_at(call: Call, calls: Sequence[Call], depth: int) -> bool:
    level = call.module.count(".")
    if level == depth:
        return True
    inner = f"{call.module}."
    return level < depth and not any(other.module.startswith(inner) for other in calls)
