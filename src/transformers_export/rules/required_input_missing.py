"""Rule `required-input-missing`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at
from transformers_export.rules.signatures import taken
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "required-input-missing"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding]:
    """A parameter of `forward()` without a default that the configuration does not declare: the export fails."""
    for item in taken(snapshot, scope):
        if isinstance(item, Unread):
            continue
        for name in item.signatures[0].required:
            always = all(name in signature.required for signature in item.signatures)
            if always and not any(name in way for way in item.ways):
                yield at(
                    item.place(),
                    NAME,
                    f"{item.of.entry.key}/{item.of.feature.task}/{name}",
                    f'forward() of {item.models} requires "{name}", but {item.configuration} does not declare it for '
                    f"{item.of.feature.name}.",
                    f'Add "{name}" to inputs of {item.configuration}.',
                )
