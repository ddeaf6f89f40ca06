"""A configuration as a tree of plain values, and back again. What the values mean is for `roles.py`.

Configurations are rebuilt from a dictionary, never edited in place: on transformers 5 they are dataclasses whose
validators refuse the states between two edits.
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str, ...]
Tree = dict[str, Any]

_CARRIED = {"_name_or_path": "_name_or_path", "_attn_implementation_internal": "_attn_implementation"}
"""What `to_dict` leaves out: where to read it, and where to set it."""


def to_tree(config: Any) -> Tree:
    """Return the values that `from_tree` needs to build this configuration again.

    Left out is what the constructor works out by itself from other fields (a size of one head, say), so that it
    follows when those fields change.
    """
    tree = copy.deepcopy(config.to_dict())
    _drop_computed(config, tree)
    return tree


def from_tree(config: Any, tree: Tree) -> Any:
    """Build a configuration of the same class from a tree. Raises whatever the class raises."""
    built = type(config).from_dict(copy.deepcopy(tree))
    for source, target in _CARRIED.items():
        value = vars(config).get(source)
        if value:
            setattr(built, target, value)
    return built


def leaves(tree: Mapping[str, Any], prefix: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Walk over every value that is not itself a mapping."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*prefix, str(key)))
        else:
            yield (*prefix, str(key)), value


def edited(tree: Tree, edits: Mapping[Path, Any]) -> Tree:
    """Return a copy of the tree with these values put in place of the old ones."""
    result = copy.deepcopy(tree)
    for path, value in edits.items():
        place = result
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = copy.deepcopy(value)
    return result


def is_shared_setting(name: str, config_class: type) -> bool:
    """Whether every configuration has this field (labels, generation settings), token ids aside."""
    return name in _base_class(config_class)().to_dict() and not name.endswith("token_id")


def _base_class(config_class: type) -> type:
    """transformers' own base class: `PretrainedConfig` on 4, `PreTrainedConfig` on 5."""
    return next(b for b in config_class.__mro__ if b.__name__ in ("PreTrainedConfig", "PretrainedConfig"))


def _drop_computed(config: Any, tree: Tree) -> None:
    """Remove what the constructor sets by itself, in this configuration and in those inside it."""
    settable = _settable(type(config))
    for key in list(tree):
        # Asked for only where the value is a dictionary: some configurations refuse to give fields that vary by layer.
        inner = getattr(config, key, None) if isinstance(tree[key], dict) else None
        if inner is not None and hasattr(inner, "to_dict"):
            _drop_computed(inner, tree[key])
        elif settable and key not in settable and _sets_by_itself(type(config), key):
            del tree[key]
    for key in [key for key, value in tree.items() if isinstance(value, int) and not isinstance(value, bool)]:
        if settable.get(key, ...) is None and _follows(config, tree, key):
            del tree[key]


def _settable(config_class: type) -> dict[str, Any]:
    """Constructor arguments of the class and its bases below the library's own base class, with their defaults."""
    found: dict[str, Any] = {}
    for base in reversed(config_class.__mro__):
        init = vars(base).get("__init__")
        if init is not None:
            parameters = inspect.signature(init).parameters.values()
            found |= {p.name: p.default for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    if dataclasses.is_dataclass(config_class):
        found |= {f.name: f.default for f in dataclasses.fields(config_class)}
    return found


def _sets_by_itself(config_class: type, key: str) -> bool:
    """Whether a fresh configuration of this class has the field although nobody passed it."""
    if any(key in vars(base) and not isinstance(vars(base)[key], property) for base in config_class.__mro__):
        return False
    try:
        return key in config_class().to_dict() and key not in _base_class(config_class)().to_dict()
    except Exception:  # a class that needs arguments: what it computes cannot be told from what it was given
        return False


def _follows(config: Any, tree: Tree, key: str) -> bool:
    """Whether leaving out a field whose default is None gives the value it has."""
    without = {name: value for name, value in tree.items() if name != key}
    try:
        return bool(type(config).from_dict(copy.deepcopy(without)).to_dict().get(key, ...) == tree[key])
    except Exception:  # the field is needed after all
        return False
