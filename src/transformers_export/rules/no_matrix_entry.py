"""Rule `no-matrix-entry`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.registry import Entry
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.types import Finding

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
            yield at(
                entry,
                NAME,
                entry.key,
                f'"{entry.key}" is registered but not in the test matrix, so no test exports it.',
                f'Add ("{entry.key}", "<a small checkpoint>") to {_set_for(entry)} in {matrix.path}.',
            )


def _set_for(entry: Entry) -> str:
    """The set of the upstream matrix an entry belongs to."""
    names = [feature.name for feature in entry.features]
    if any(name.endswith("2seq-lm-with-past") for name in names):
        return "PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS"
    if any(name.endswith("-with-past") for name in names):
        return "PYTORCH_EXPORT_WITH_PAST_MODELS"
    return "PYTORCH_EXPORT_MODELS"
