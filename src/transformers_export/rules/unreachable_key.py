"""Rule `unreachable-key`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at
from transformers_export.source.configuration import key_of, unread_model_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.fix import Fix
    from transformers_export.rules.scope import Scope
    from transformers_export.source.configuration import ModelType
    from transformers_export.source.python import Unread
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "unreachable-key"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding | Unread]:
    """A registry key that no configuration's `model_type` gives once `_` is `-`: the entry is never found.

    A package may also register a model of transformers itself, so there a key is unreachable only when a model type
    beside its ONNX configuration is left without an entry. A Hub folder has no registry to look a key up in.
    """
    if not snapshot.registries:
        return
    registered = {entry.key for entry in snapshot.registry.entries}
    for entry in scope.entries(snapshot):
        found = snapshot.find_entry_class(entry)
        if found is None:
            continue  # another rule's finding
        beside, unread = _beside(snapshot, found.path, entry.key)
        if entry.key in {item.key for item in beside} or entry.key in snapshot.keys:
            continue
        if unread or snapshot.broken:
            yield from unread
            continue
        left = [item for item in beside if item.key not in registered]
        if snapshot.layout == "package" and not left:
            continue
        given = f"{left[0].class_name} gives {left[0].value!r}" if left else "no configuration gives it"
        yield at(
            entry,
            NAME,
            entry.key,
            f'The registry key "{entry.key}" is never reached: {given}.',
            f'Register it as "{left[0].key}".' if left else "Register it under its model_type, with - for _.",
        )


def fix(snapshot: Snapshot, finding: Finding) -> Fix | None:
    """Spells the key as the lookup does, in lower case with `-` for `_`, where a model type is then found by it."""
    meant = key_of(finding.subject)
    if meant not in snapshot.keys or snapshot.registry.entry(meant):
        return None
    from transformers_export.edits import registry
    from transformers_export.rules.fix import Fix, Step

    step = Step(finding.path, lambda content: registry.rename_key(content, finding.subject, meant))
    return Fix(f'Spell the key "{finding.subject}" as "{meant}".', (step,))


def _beside(snapshot: Snapshot, path: str, key: str) -> tuple[list[ModelType], list[Unread]]:
    """The model types in the folder of a configuration file, its own first, and those that are computed."""
    types = list(snapshot.model_types(path))
    source = snapshot.source(path)
    unread = list(unread_model_types(source)) if source else []
    if key in {item.key for item in types}:
        return types, unread
    folder = path.rpartition("/")[0]
    for sibling in snapshot.configurations:
        other = snapshot.source(sibling) if sibling != path and sibling.rpartition("/")[0] == folder else None
        if other:
            types += snapshot.model_types(sibling)
            unread += unread_model_types(other)
    return types, unread
