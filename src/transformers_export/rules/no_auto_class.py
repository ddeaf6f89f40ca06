"""Rule `no-auto-class`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at, of_feature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "no-auto-class"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding]:
    """A registered feature whose Auto class has no model for this model type: no model can be loaded to export.

    In a package only model types it registers with an Auto class itself are looked at. Tasks without a known Auto
    class and tables that could not be read are left alone.
    """
    for entry in scope.entries(snapshot):
        seen: set[str] = set()
        for feature in entry.features:
            autos = snapshot.registry.tasks.get(feature.task)
            if feature.task in seen or autos is None:
                continue
            seen.add(feature.task)
            if snapshot.heads.lacks(autos, entry.key):
                yield at(
                    of_feature(entry, feature),
                    NAME,
                    f"{entry.key}/{feature.task}",
                    f'"{entry.key}" registers {feature.name}, but {" or ".join(autos)} has no model for it.',
                    f"Remove the feature, or add the model to {autos[0]}.",
                )
