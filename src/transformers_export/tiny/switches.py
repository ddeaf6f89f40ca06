"""Lengths at which a model computes something else, made so short that the shapes that are run anyway cross them. Pure.

Rotary positions that grow with the text switch at a length of the configuration; windows are a role of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from transformers_export.tiny.roles import Role, is_number, role_of
from transformers_export.tiny.tree import leaves

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.tiny.tree import Path, Tree

LENGTH = 32
"""Longer than what is captured, shorter than the longest shape that is run."""
ORIGINAL = 16
"""The length before it was stretched, where that is another one."""
_FACTOR = LENGTH / ORIGINAL


def switch_edits(tree: Tree, edits: Mapping[Path, Any]) -> dict[Path, Any]:
    """Return the small lengths of every level that has rotary positions, and what depends on them.

    Args:
        tree: The large configuration.
        edits: What is changed already; the size of a head decides how many factors there are.
    """
    result: dict[Path, Any] = {}
    for prefix, level in _levels(tree):
        absolute = level.get("position_embedding_type") == "absolute"
        if not absolute and any(name.startswith(("rope_", "rotary_emb")) for name in level):
            result |= _of_level(prefix, level, edits)
    return result


def _levels(tree: Mapping[str, Any], prefix: Path = ()) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every configuration and sub-configuration, by its path."""
    named = {name: value for name, value in tree.items() if isinstance(name, str)}  # labels have numbers
    yield prefix, named
    for name, value in named.items():
        if isinstance(value, Mapping) and not name.startswith("rope_"):
            yield from _levels(value, (*prefix, name))


def _of_level(prefix: Path, level: Mapping[str, Any], edits: Mapping[Path, Any]) -> dict[Path, Any]:
    own = {(name,): value for name, value in level.items() if name.startswith(("max_", "original_max_", "n_pos"))}
    lengths = own | {p: v for p, v in leaves(level) if p[0].startswith("rope_")}
    longest = max((v for p, v in lengths.items() if _is_length(p, v) and not _is_original(p)), default=0)
    result: dict[Path, Any] = {}
    for path, value in lengths.items():
        if _is_length(path, value) and value > LENGTH:
            result[path] = ORIGINAL if _is_original(path) and value < longest else LENGTH
        elif path[-1].endswith("_factor") and isinstance(value, (list, tuple)) and value:
            result[path] = _fewer(value, _head(level, {}, prefix), _head(level, edits, prefix))
    stretched = {longest / v for p, v in lengths.items() if _is_original(p) and is_number(v) and 0 < v < longest}
    result |= {p: _FACTOR for p, v in lengths.items() if p[-1] == "factor" and v in stretched}
    return {(*prefix, *path): value for path, value in result.items()}


def _is_length(path: Path, value: Any) -> bool:
    name = path[-1]
    ours = role_of(name, value) is Role.POSITIONS and not name.startswith(("max_source", "max_target"))
    return is_number(value) and (_is_original(path) or ours)


def _is_original(path: Path) -> bool:
    return path[-1].startswith("original_max_")


def _head(level: Mapping[str, Any], edits: Mapping[Path, Any], prefix: Path) -> int:
    """The size of one head; 0 where the configuration does not say."""

    def value(*names: str) -> int:
        found = (edits.get((*prefix, name), level.get(name)) for name in names)
        return next((each for each in found if is_number(each)), 0)

    return value("head_dim", "qk_rope_head_dim") or value("hidden_size", "d_model", "n_embd") // max(
        1, value("num_attention_heads", "n_head")
    )


def _fewer(factors: Any, before: int, after: int) -> list[Any]:
    """As many factors as the smaller head has pairs, from all over the list."""
    count = max(1, len(factors) * after // before) if before and after else len(factors)
    return [factors[index * len(factors) // count] for index in range(count)]
