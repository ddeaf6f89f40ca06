"""Rule `auto-map-class-missing`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "auto-map-class-missing"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding | Unread]:
    """A class that `auto_map` in a Hub folder names and that is not in its file: loading fails.

    A class may also be imported into the file, or assigned there. A file that imports `*` or computes its names is
    reported as not read.
    """
    if not (scope.whole or scope.paths):
        return
    for item in snapshot.hub.references if snapshot.hub else ():
        source = snapshot.source(item.file) if item.module and not item.repository else None
        if source is None or any(item.name in names for names in (source.classes, source.imports, source.assigned)):
            continue
        if source.unread or snapshot.is_open(item.module):
            yield from source.unread or [Unread(item.file, 1, f"whether it has {item.name} cannot be read from it")]
            continue
        from difflib import get_close_matches  # not needed where everything is in order

        meant = get_close_matches(item.name, sorted(source.classes), 1)
        yield at(
            item,
            NAME,
            f"{item.auto_class}/{item.written}",
            f"auto_map names {item.written} for {item.auto_class}, but {item.file} has no class {item.name}.",
            f"Did you mean {meant[0]}?" if meant else f"Write the class, or name one that {item.file} has.",
        )
