"""Rule `output-not-in-model-output`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export import cache_names
from transformers_export.rules.finding import Spot, at, of_feature
from transformers_export.source.declared_values import PAST
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "output-not-in-model-output"
_PRESENT = PAST["outputs"]


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding | Unread]:
    """A declared output that is no field of what `forward()` of the feature's model returns.

    `present.0.key` and the like stand for the field of the cache, `cache` or `past_key_values`. Outputs that the base
    class declares for the task count too: they are what the feature promises. What `forward()` returns is read from its
    `return` statements; where one is computed nothing is said.
    """
    for entry in scope.entries(snapshot):
        for item in snapshot.exported(entry):
            if isinstance(item, Unread):
                continue  # reported with the inputs
            outputs = item.outputs
            fields = [snapshot.models.fields(model) for model in item.models]
            unread = [each for each in (outputs, *fields) if isinstance(each, Unread)]
            if unread or isinstance(outputs, Unread) or not outputs.ways:
                yield from unread
                continue
            definition = item.line.classes[0]
            models = " or ".join(model.item.name for model in item.models)
            for name, spot in outputs.ways[0].items():
                if any(_has(known, name) for known in map(_known, fields)):
                    continue
                if all(name in way for way in outputs.ways):
                    yield at(
                        Spot(*spot) if spot.path == definition.path else of_feature(entry, item.feature),
                        NAME,
                        f"{entry.key}/{item.feature.task}/{name}",
                        f'{definition.name} declares the output "{name}" for {item.feature.name}, but what forward() '
                        f"of {models} returns has no such field.",
                        f"Use one of its fields: {', '.join(sorted(set().union(*map(_known, fields))))}.",
                    )


def _has(fields: frozenset[str], name: str) -> bool:
    return cache_names.find(fields) is not None if name == _PRESENT else name in fields


def _known(fields: frozenset[str] | Unread) -> frozenset[str]:
    return fields if isinstance(fields, frozenset) else frozenset()
