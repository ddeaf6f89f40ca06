"""Rule `input-not-in-forward`."""

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

NAME = "input-not-in-forward"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding | Unread]:
    """A declared input that `forward()` of the feature's model has no parameter for: the export fails.

    `past_key_values.0.key` and the like stand for the parameter of the cache, `cache` or `past_key_values`. Nothing is
    said of a `forward()` that takes names it does not list (`**kwargs`), nor of inputs that cannot be read.
    """
    for item in taken(snapshot, scope):
        if isinstance(item, Unread):
            yield item
            continue
        if any(signature.is_open for signature in item.signatures):
            continue
        for name, spot in item.ways[0].items():
            if any(signature.takes(name) for signature in item.signatures):
                continue
            if all(name in way for way in item.ways):
                yield at(
                    item.place(spot),
                    NAME,
                    f"{item.configuration}.{name}",
                    f'{item.configuration} declares the input "{name}" for {item.of.feature.name}, but forward() of '
                    f"{item.models} has no such parameter.",
                    f"Use one of its parameters: {', '.join(item.signatures[0].parameters[:8])}, ...",
                )
