"""What a model returned, by name: an output of transformers, a dictionary or dataclass, a tuple, a tensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from transformers_export import cache_names

if TYPE_CHECKING:
    from collections.abc import Sequence


def by_name(result: Any, declared: Sequence[str]) -> Mapping[str, Any]:
    """Return the outputs by name.

    Args:
        result: What `forward()` returned. The values of a tuple have no names: they get the declared ones, in order.
        declared: Names of the declared outputs; nothing is known of them where it is empty.
    """
    if isinstance(result, Mapping):
        return result
    if is_dataclass(result) and not isinstance(result, type):
        return {each.name: getattr(result, each.name) for each in fields(result)}
    values = result if isinstance(result, (tuple, list)) else (result,)
    names = list(dict.fromkeys(map(_field, declared))) or [f"output_{place}" for place in range(len(values))]
    return dict(zip(names, values, strict=False))


def _field(name: str) -> str:
    """The field that a declared output is taken from: `hidden_states.0` and `present.0.key` are parts of one."""
    first, _, rest = name.partition(".")
    if first == "present":
        return cache_names.DECLARED
    return first if rest.isdecimal() else name
