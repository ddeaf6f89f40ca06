"""Rule `no-matrix-entry`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at
from transformers_export.rules.testing import checkpoint_for, set_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.fix import Fix
    from transformers_export.rules.scope import Scope
    from transformers_export.source.registry import Entry
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "no-matrix-entry"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding]:
    """A registered model type that the test matrix does not export: nothing tests it.

    Silent for a repository without a matrix and while the matrix holds something that could not be read.
    """
    matrix = snapshot.matrix
    if matrix is None or matrix.unread:
        return
    tested = {entry.key for entry in matrix.entries}
    classes = {entry.onnx_class for entry in matrix.entries}
    for entry in scope.entries(snapshot):
        if entry.key not in tested and entry.onnx_config.rpartition(".")[2] not in classes:
            meant = set_for(matrix, _features(entry)) or "a set"
            yield at(
                entry,
                NAME,
                entry.key,
                f'"{entry.key}" is registered but not in the test matrix, so no test exports it.',
                f'Add ("{entry.key}", "<a small checkpoint>") to {meant} in {matrix.path}.',
            )


def fix(snapshot: Snapshot, finding: Finding) -> Fix | None:
    """Adds the model to the set of its kind, with a checkpoint that the model's own code or docstring names. Failing
    that the checkpoint is named as those of the other models are and said to be a proposal; where they follow no
    pattern the entry is left to you.
    """
    matrix, entry = snapshot.matrix, snapshot.registry.entry(finding.subject)
    checkpoint = checkpoint_for(snapshot, matrix, entry) if matrix and entry else None
    meant = set_for(matrix, _features(entry)) if matrix and entry else None
    if matrix is None or entry is None or checkpoint is None or meant is None:
        return None
    if entry.key not in snapshot.keys:
        return None  # the entry itself is in doubt
    from transformers_export.edits import matrix as edits
    from transformers_export.rules.fix import Fix, Step

    path, key, classes = matrix.path, entry.key, _classes(snapshot, entry)
    module = snapshot.module_of(path)
    step = Step(
        path, lambda content: edits.add_entry(content, meant, key, checkpoint.name, classes=classes, module=module)
    )
    known = "proposed and may not exist" if checkpoint.proposed else "derived"
    note = f'The checkpoint of "{key}", {checkpoint.name}, is {known}: {checkpoint.origin}. See that the test loads it.'
    return Fix(f'Add "{key}" to {meant} in {path}.', (step,), note)


def _features(entry: Entry) -> tuple[str, ...]:
    return tuple(feature.name for feature in entry.features)


def _classes(snapshot: Snapshot, entry: Entry) -> tuple[str, str, str] | None:
    """The model, its configuration and its ONNX configuration, which the oldest matrices name."""
    definition = snapshot.find_entry_class(entry)
    types = [item for item in snapshot.model_types(definition.path) if item.key == entry.key] if definition else []
    models = snapshot.heads.classes(snapshot.registry.tasks.get("default", ()), entry.key)
    if not types or not models:
        return None
    package = entry.onnx_config.rpartition(".")[0]
    names = (models[0].rpartition(".")[2], types[0].class_name, entry.onnx_config.rpartition(".")[2])
    return f"{package}.{names[0]}", f"{package}.{names[1]}", f"{package}.{names[2]}"
