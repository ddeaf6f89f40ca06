"""Rule `matrix-not-registered`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "matrix-not-registered"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding]:
    """A model type in the test matrix that the registry does not know: the test fails, or tests nothing.

    Silent for a repository without registry and while the registry holds something that could not be read.
    """
    matrix = snapshot.matrix
    if matrix is None or not snapshot.registries or snapshot.registry.unread:
        return
    registered = {entry.key for entry in snapshot.registry.entries}
    classes = {entry.onnx_config.rpartition(".")[2] for entry in snapshot.registry.entries}
    for entry in matrix.entries:
        if not (scope.whole or entry.key in scope.keys) or entry.key in registered or entry.onnx_class in classes:
            continue
        yield at(
            entry,
            NAME,
            entry.key,
            f'{entry.set_name} tests "{entry.written}", which is not in the features registry.',
            f'Register "{entry.key}" in {snapshot.registries[0]}, or take it out of the matrix.',
        )
