"""Rule `auto-map-form`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "auto-map-form"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding]:
    """An entry of `auto_map` in a Hub folder that is no class: transformers cannot load it.

    Right are `"module.Class"` and `"owner/repository--module.Class"`, with one dot; for tokenizers and processors also
    a list of two, the slow one and the fast one, and null for one that there is not.
    """
    if not (scope.whole or scope.paths):
        return
    for item in snapshot.hub.references if snapshot.hub else ():
        if not item.module:
            yield at(
                item,
                NAME,
                f"{item.auto_class}/{item.written}",
                f"auto_map names {item.written} for {item.auto_class}, which is no class transformers can load.",
                'Write "module.Class": the name of a file beside it without .py, one dot, the class.',
            )
