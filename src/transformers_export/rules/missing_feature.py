"""Rule `missing-feature`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "missing-feature"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding]:
    """A head of a registered model that no feature exports: its Auto class has a model for the model type.

    Advice: there may be a reason not to export a head. A model class that another registered feature loads already
    is not missing. Silent where the table of tasks and their Auto classes is not read: another may be meant.
    """
    tasks = snapshot.registry.tasks if snapshot.registry.tasks_known else {}
    for entry in scope.entries(snapshot):
        registered = {feature.task for feature in entry.features}
        exported = {snapshot.heads.classes(tasks.get(task, ()), entry.key) for task in registered}
        for task, autos in tasks.items():
            heads = snapshot.heads.classes(autos, entry.key)
            if heads and task not in registered and heads not in exported:
                yield at(
                    entry,
                    NAME,
                    f"{entry.key}/{task}",
                    f'"{entry.key}" has {heads[0].rpartition(".")[2]}, but does not register {task}.',
                    f'Add "{task}" to its features.',
                    severity="advice",
                )
