"""What a check looks at: the whole tree, or what a change touches.

A change touches more than its files: an entry that left the registry concerns the class it named, a base class the
classes that derive from it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from transformers_export.rules.docs_missing import is_named
from transformers_export.source import modeling

_BASES = rb"class\s+\w+\s*\([^)]*\b(?:%s)\b"
"""A class that names one of these as a base: most files that mention a class do not derive from it."""

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from transformers_export.source.registry import Entry
    from transformers_export.source.snapshot import Snapshot


class Scope(NamedTuple):
    """The files and the registry keys that rules look at; with `whole` all of them."""

    whole: bool = True
    paths: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    unwritten: Entry | None = None
    """A registry entry to look at alone, which is not written yet."""

    def entries(self, snapshot: Snapshot) -> tuple[Entry, ...]:
        """The registry entries to look at."""
        if self.unwritten is not None:
            return (self.unwritten,)
        return tuple(entry for entry in snapshot.registry.entries if self.whole or entry.key in self.keys)

    def looks_at(self, path: str) -> bool:
        """Whether the file itself changed, or everything is looked at."""
        return self.whole or path in self.paths

    def configurations(self, snapshot: Snapshot) -> tuple[str, ...]:
        """The configuration files to look at."""
        if self.whole:
            return snapshot.configurations
        return tuple(sorted(path for path in self.paths if snapshot.is_configuration(path)))


def scope_of(head: Snapshot, base: Snapshot | None, changed: frozenset[str] | None) -> Scope:
    """The scope of a check: everything without `changed`, else what those files touch in either tree."""
    if changed is None:
        return Scope()
    trees = [head, base] if base else [head]
    paths = set(changed) | {item for path in changed if _hands_on(path) for item in _beside(trees, path)}
    paths |= dependents(head, paths).keys()
    keys = touched_keys(head, base, changed)
    if base and set(base.registries) != set(head.registries):  # the settings may name others
        keys |= _different(_said(head), _said(base))
    if head.layout == "remote-code" and changed:  # a folder of one model, which every file of it concerns
        keys |= {entry.key for entry in head.registry.entries}
    for snapshot in trees:
        keys |= {item.key for path in paths if snapshot.is_configuration(path) for item in snapshot.model_types(path)}
        keys |= {entry.key for entry in snapshot.registry.entries if _lies_in(snapshot, entry, paths)}
        for entry in snapshot.registry.entries:
            if entry.key in keys:
                found = snapshot.find_entry_class(entry)
                paths |= {found.path} if found else set()
    return Scope(whole=False, paths=frozenset(paths), keys=frozenset(keys))


def may_concern_models(path: str) -> bool:
    """Whether a model may be another one when this file changes: configurations and tests are read by no model."""
    return path.endswith(".py") and not path.rpartition("/")[2].startswith(("configuration_", "test_"))


def touched_keys(head: Snapshot, base: Snapshot | None, changed: frozenset[str]) -> set[str]:
    """The keys whose registry entries, matrix entries or Auto tables a change touches."""
    keys: set[str] = set()
    if changed.intersection((*head.registries, *(base.registries if base else ()))):
        keys |= _different(_said(head), _said(base) if base else {})
    if head.matrix_path in changed:
        keys |= _different(_tested(head), _tested(base) if base else {})
    if head.docs_path in changed:
        keys |= {entry.key for entry in head.registry.entries if _documented(head, entry) != _documented(base, entry)}
    if changed.intersection((modeling.TABLES, modeling.TENSORFLOW_TABLES)) or changed.intersection(
        head.auto_registrations
    ):
        every = {entry.key for entry in head.registry.entries}
        keys |= {key for key in every if base is None or _heads(head, key) != _heads(base, key)}
    return keys


def dependents(snapshot: Snapshot, paths: Iterable[str]) -> dict[str, tuple[str, str]]:
    """The configuration files whose classes derive from a class in `paths`, each with (class, base class)."""
    found: dict[str, tuple[str, str]] = {}
    waiting = {path for path in paths if _may_hold_a_base(path)}
    known = set(waiting)
    while waiting:
        sources = (snapshot.source(path) for path in sorted(waiting))
        classes = {name: source.path for source in sources if source for name in source.classes}
        waiting = set()
        bases = _BASES % b"|".join(re.escape(name.encode()) for name in sorted(classes))
        for path in snapshot.configurations_mentioning(sorted(classes)) if classes else ():
            if path in known or not re.search(bases, snapshot.tree.read(path) or b""):
                continue
            pair = _derives(snapshot, path, classes)
            if pair:
                found[path] = pair
                waiting.add(path)
                known.add(path)
    return found


_NO_BASES = (
    "modeling_",
    "modular_",
    "tokenization_",
    "processing_",
    "image_processing_",
    "feature_extraction_",
    "convert_",
    "test_",
)
"""Files of other things than configurations are large, and no configuration derives from them."""


def _may_hold_a_base(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.endswith(".py") and not name.startswith(_NO_BASES)


def _derives(snapshot: Snapshot, path: str, classes: dict[str, str]) -> tuple[str, str] | None:
    source = snapshot.source(path)
    for item in source.classes.values() if source else ():
        for base in item.bases:
            if source is None or base.rpartition(".")[2] not in classes:
                continue
            for target in snapshot.targets(source, base):
                above = snapshot.find_class(target)
                if above and classes.get(above.name) == above.path:
                    return item.name, above.name
    return None


def _said(snapshot: Snapshot) -> dict[str, Hashable]:
    found: dict[str, tuple[object, ...]] = {}
    for entry in snapshot.registry.entries:
        found[entry.key] = (*found.get(entry.key, ()), entry.said)
    return dict(found)


def _tested(snapshot: Snapshot) -> dict[str, Hashable]:
    found: dict[str, tuple[object, ...]] = {}
    for entry in snapshot.matrix.entries if snapshot.matrix else ():
        found[entry.key] = (*found.get(entry.key, ()), entry.set_name, entry.features)
    return dict(found)


def _documented(snapshot: Snapshot | None, entry: Entry) -> bool:
    page = snapshot.documented if snapshot else None
    return snapshot is not None and page is not None and is_named(snapshot, page, entry)


def _heads(snapshot: Snapshot, key: str) -> tuple[frozenset[str], frozenset[str]]:
    return snapshot.heads.of(key), snapshot.tensorflow_heads.of(key)


def _different(head: dict[str, Hashable], base: dict[str, Hashable]) -> set[str]:
    return {key for key in head.keys() | base.keys() if head.get(key) != base.get(key)}


def _lies_in(snapshot: Snapshot, entry: Entry, paths: set[str]) -> bool:
    """Whether the class of an entry is written in one of the files, or its package is where they lie."""
    module = entry.onnx_config.rpartition(".")[0].replace(".", "/")
    return any(f"/{path}".removesuffix(".py").endswith(f"/{module}") or f"/{module}/" in f"/{path}" for path in paths)


def _hands_on(path: str) -> bool:
    """Whether what a file says concerns the configurations beside it: a package's `__init__`, its models."""
    return path.rpartition("/")[2].startswith(("__init__.py", "modeling_", "modular_"))


def _beside(trees: list[Snapshot], path: str) -> set[str]:
    """The configuration files in the folder of a file."""
    folder = path.rpartition("/")[0]
    return {path for snapshot in trees for path in snapshot.configurations if path.rpartition("/")[0] == folder}
