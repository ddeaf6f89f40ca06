"""Lengths at which a model computes something else, found in its configuration by what their fields are called. Pure.

Windows of attention, lengths at which rotary positions are stretched, and tables of positions: these are named by
their words and by where they stand, whatever the model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from transformers_export import field_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    Side = Literal["sequence", "decoder"]
    """Which of the sizes reaches it; see `inputs.Sizes`."""

_WINDOW = re.compile(field_names.WINDOW)
_POSITIONS = re.compile(r"^(?!.*(2d|relative|source))(max_\w*positions?(_embeddings)?|n_positions|max_seq_len)$")
_FIXED_ROPE = ("default", "linear", "yarn", "llama3", "proportional", "axial", "mrope", "none")
"""Rotary positions that are the same at every length."""
_TEXT_PARTS = ("text_config", "encoder", "decoder", "attn_config")


@dataclass(frozen=True)
class Threshold:
    """One length at which something changes."""

    field: str
    """Where the configuration says so, with dots."""
    length: int
    side: Side
    table: bool = False
    """Whether it is as long as a table of positions, so that PyTorch may refuse more."""


def thresholds(
    tree: Mapping[str, Any], *, seq2seq: bool, table_lengths: frozenset[int] = frozenset()
) -> tuple[Threshold, ...]:
    """Return every threshold, the shortest first; of equal ones on a side the first.

    Args:
        tree: The model's configuration as plain values.
        seq2seq: Whether there is a decoder beside the encoder.
        table_lengths: How long the axes of the model's parameters and buffers are: a length that is none of them, and
            at which no positions are stretched, is only what the model was trained for.
    """
    found: dict[tuple[int, Side], Threshold] = {}
    for path, name, length, table in _lengths(tree, (), table_lengths):
        for side in _sides((*path, name), seq2seq=seq2seq, table=table):
            found.setdefault((length, side), Threshold(".".join((*path, name)), length, side, table))
    return tuple(sorted(found.values(), key=lambda threshold: threshold.length))


def _lengths(
    level: Mapping[str, Any], path: tuple[str, ...], tables: frozenset[int]
) -> Iterator[tuple[tuple[str, ...], str, int, bool]]:
    kinds = {kind for name, value in level.items() if str(name).startswith("rope_") for kind in _stretching(value)}
    for name, value in level.items():
        if _WINDOW.match(str(name)) and _slides(level):
            yield from ((path, name, each, False) for each in sorted(set(_numbers(value))))
        elif _POSITIONS.match(str(name)) or str(name).startswith("original_max_position"):
            for length in _numbers(value):
                table = any(length <= other <= length + 2 for other in tables)
                original = str(name).startswith("original")
                stretched = bool(kinds) if original else any(kind != "longrope" for kind in kinds)
                if stretched or (table and not original):
                    yield path, str(name), length, not stretched
        elif isinstance(value, Mapping):
            if str(name).startswith("rope_"):
                yield from _of_rope(value, (*path, str(name)))
            elif name in _TEXT_PARTS:
                yield from _lengths(value, (*path, str(name)), tables)


def _of_rope(rope: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, int, bool]]:
    """Lengths in the settings of rotary positions, or of those of each kind of layer."""
    for name, value in rope.items():
        if isinstance(value, Mapping):
            yield from _of_rope(value, (*path, str(name)))
        elif str(name).startswith("original_max_position") and any(_stretching(rope)):
            yield from ((path, name, length, False) for length in _numbers(value))


def _stretching(rope: Any) -> Iterator[str]:
    """The kinds of rotary positions in these settings that are other ones beyond some length."""
    if not isinstance(rope, Mapping):
        return
    kind = rope.get("rope_type", rope.get("type"))
    if isinstance(kind, str) and kind not in _FIXED_ROPE:
        yield kind
    for value in rope.values():
        yield from _stretching(value)


def _slides(level: Mapping[str, Any]) -> bool:
    """Whether some layer has a window at all."""
    kinds = level.get("layer_types")
    return level.get("use_sliding_window") is not False and (
        not kinds or any(str(kind) != "full_attention" for kind in kinds)
    )


def _sides(path: tuple[str, ...], *, seq2seq: bool, table: bool) -> tuple[Side, ...]:
    if not seq2seq:
        return ("sequence",)
    words = " ".join(path)
    if "decoder" in words or "target" in words:
        return ("decoder",)
    return ("sequence", "decoder") if table and "encoder" not in words else ("sequence",)


def _numbers(value: Any) -> Iterator[int]:
    values = value if isinstance(value, (list, tuple)) else (value,)
    yield from (each for each in values if isinstance(each, int) and not isinstance(each, bool) and each > 1)
