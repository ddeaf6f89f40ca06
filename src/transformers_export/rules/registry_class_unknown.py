"""Rule `registry-class-unknown`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "registry-class-unknown"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding | Unread]:
    """A registry entry that names a class or module which does not exist: importing the registry, or using it, fails.

    What lies in another package than this repository's cannot be looked up and is reported as not read.
    """
    for entry in scope.entries(snapshot):
        if snapshot.find_entry_class(entry):
            continue
        module, _, name = entry.onnx_config.rpartition(".")
        absent = snapshot.file_of(module) is None
        if not snapshot.owns(module.partition(".")[0]) or (not absent and snapshot.is_open(module, name)):
            yield Unread(entry.path, entry.line, f"{entry.onnx_config} could not be looked up in this repository")
            continue
        missing = f"module {module}" if absent else f"class {name} in {module}"
        yield at(
            entry,
            NAME,
            entry.key,
            f'The registry entry "{entry.key}" names {entry.onnx_config}, but there is no {missing}.',
            f"Correct the name in {entry.path}, or write the class.",
        )
