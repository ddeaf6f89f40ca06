"""Rule `unknown-feature`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at, of_feature
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "unknown-feature"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding | Unread]:
    """A registered feature whose task has no Auto class table: no model can be loaded for it.

    The tasks are those of the registry itself (`_TASKS_TO_AUTOMODELS`, and `_TASKS_TO_TF_AUTOMODELS` where it has
    one); a package has those of `transformers_export`. Nothing is said where that table is computed.
    """
    registry = snapshot.registry
    tasks = {*registry.tasks, *registry.tensorflow_tasks}
    for entry in scope.entries(snapshot):
        for feature in entry.features:
            if feature.task in tasks:
                continue
            if not registry.tasks_known:
                yield Unread(entry.path, feature.line, "the table of tasks and their Auto classes is computed")
                continue
            from difflib import get_close_matches  # not needed where everything is in order

            meant = get_close_matches(feature.task, sorted(tasks), 1)
            yield at(
                of_feature(entry, feature),
                NAME,
                f"{entry.key}/{feature.name}",
                f'"{entry.key}" registers {feature.name}, a task that has no Auto class.',
                f"Did you mean {meant[0]}?" if meant else f"Use one of: {', '.join(sorted(tasks))}.",
            )
