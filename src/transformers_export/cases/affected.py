"""Which model types a change affects, and why. The cases that follow from them are made in `plan.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transformers_export.cases.code import by_code, is_model_code
from transformers_export.rules.helpers import stands_alone
from transformers_export.rules.scope import dependents, touched_keys
from transformers_export.source import modeling
from transformers_export.source.configuration import key_of
from transformers_export.verdict.types import Affected

if TYPE_CHECKING:
    from transformers_export.changes import Changes
    from transformers_export.source.registry import Entry
    from transformers_export.source.snapshot import Snapshot

_LIBRARY = "src/transformers/onnx/"
"""What every ONNX configuration of transformers 4 is built on."""


@dataclass(frozen=True)
class Impact:
    """What a change comes to."""

    affected: tuple[Affected, ...] = ()
    """Every model type to export; the first reason found."""
    unplaced: tuple[str, ...] = ()
    """Changed configuration files that lead to no model type at all."""


def everything(keys: list[str], path: str) -> Impact:
    """All model types, because the caller asked for all."""
    return Impact(tuple(Affected(key, path, "all model types were asked for") for key in keys))


def impact(snapshot: Snapshot, base: Snapshot | None, changes: Changes, known: frozenset[str]) -> Impact:
    """Map changed files to model types; `known` are those that can be exported."""
    found: dict[str, Affected] = {}
    unplaced: list[str] = []

    def add(keys: set[str], path: str, why: str) -> None:
        for key in sorted(keys):
            found.setdefault(key, Affected(key, path, why))

    alive = [file for file in changes.files if file.status != "deleted"]
    for file in alive:
        if not snapshot.is_configuration(file.path):
            continue
        keys = keys_of(snapshot, file.path, known)
        add(keys, file.path, "its configuration changed" if file.status != "added" else "its configuration is new")
        if not keys and _should_lead_somewhere(snapshot, file.path):
            unplaced.append(file.path)
    bases = [file.path for file in alive if file.path.endswith(".py")]
    for path, (name, above) in dependents(snapshot, bases).items():
        add(keys_of(snapshot, path, known), path, f"{name} derives from {above}, which changed")
    for changed in sorted(changes.paths):  # deleted code and the old places of renamed code too
        if is_model_code(changed):
            folder = changed.rpartition("/")[0]
            beside = [path for path in snapshot.configurations if path.rpartition("/")[0] == folder]
            add(
                {key for path in beside for key in keys_of(snapshot, path, known)},
                changed,
                "its modeling code changed",
            )
    _add_shared(snapshot, base, changes, add_to=found)
    if snapshot.layout == "package":
        for item in by_code(snapshot, base, changes.paths, known):
            found.setdefault(item.model_type, item)
    return Impact(tuple(found[key] for key in sorted(found)), tuple(unplaced))


def keys_of(snapshot: Snapshot, path: str, known: frozenset[str]) -> set[str]:
    """The registry keys a configuration file stands for: those that name its classes, else its model types.

    A file of several model types (text, vision and both) stands for those that can be exported; where none can, for
    the one named like the file.
    """
    classes = {item.name for item in snapshot.onnx_classes(path)}
    named = {
        entry.key
        for entry in snapshot.registry.entries
        if entry.onnx_config.rpartition(".")[2] in classes and _is_in(snapshot, entry, path)
    }
    types = [item.key for item in snapshot.model_types(path)]
    stem = key_of(path.rpartition("/")[2].removeprefix("configuration_").removesuffix(".py"))
    alone = {stem} if stem in types else set(types[-1:])
    return named | known.intersection(types) or alone


def _is_in(snapshot: Snapshot, entry: Entry, path: str) -> bool:
    found = snapshot.find_entry_class(entry)
    return found is not None and found.path == path


def _should_lead_somewhere(snapshot: Snapshot, path: str) -> bool:
    """Whether a file that gives no model type holds a configuration to export all the same, or is unreadable."""
    source = snapshot.source(path)
    if source is None:
        return False
    return bool(source.unread) or any(stands_alone(snapshot, item) for item in snapshot.onnx_classes(path))


def _add_shared(snapshot: Snapshot, base: Snapshot | None, changes: Changes, add_to: dict[str, Affected]) -> None:
    """What files that belong to no single model affect: registry, matrix, Auto tables, the export library."""
    registered = {entry.key for entry in snapshot.registry.entries}
    shared = [*snapshot.registries, *snapshot.auto_registrations, modeling.TABLES]
    shared += [snapshot.matrix_path] if snapshot.matrix_path else []
    for path in shared:
        if path in changes.paths:
            for key in sorted(touched_keys(snapshot, base, frozenset([path])) & registered):
                add_to.setdefault(key, Affected(key, path, f"its entry in {path} changed"))
    library = [path for path in sorted(changes.paths) if path.startswith(_LIBRARY) and path not in snapshot.registries]
    for path in library if snapshot.layout == "transformers-4" else ():
        for key in sorted(registered):
            add_to.setdefault(key, Affected(key, path, "every ONNX configuration is built on it"))
