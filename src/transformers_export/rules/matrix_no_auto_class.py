"""Rule `matrix-no-auto-class`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.matrix import MatrixEntry
    from transformers_export.source.registry import Registry
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "matrix-no-auto-class"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding]:
    """A model type in a TensorFlow set of the test matrix that TensorFlow has no model for: that test cannot load one.

    The features tested are those the matrix names, else those that are registered; found is a model type for which
    none of them has a TensorFlow Auto class. (What PyTorch lacks is found in the registry: `no-auto-class`.)
    """
    matrix, registry = snapshot.matrix, snapshot.registry
    if matrix is None:
        return
    for entry in matrix.entries:
        if not (scope.whole or entry.key in scope.keys) or not entry.set_name.startswith(("TENSORFLOW_", "TF_")):
            continue
        tasks = _tasks(registry, entry)
        autos = [registry.tensorflow_tasks[task] for task in tasks if task in registry.tensorflow_tasks]
        if autos and all(snapshot.tensorflow_heads.lacks(names, entry.key) for names in autos):
            yield at(
                entry,
                NAME,
                f"{entry.set_name}/{entry.key}",
                f'{entry.set_name} tests "{entry.written}", which has no TensorFlow model for {", ".join(tasks)}.',
                "Take it out of the set, or add the TensorFlow model to its Auto class.",
            )


def _tasks(registry: Registry, entry: MatrixEntry) -> tuple[str, ...]:
    registered = registry.entry(entry.key)
    names = entry.features or tuple(feature.name for feature in (registered.features if registered else ()))
    return tuple(dict.fromkeys(name.replace("-with-past", "") for name in names))
