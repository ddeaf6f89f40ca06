"""Rule `duplicate-key`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.registry import Entry
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.types import Finding

NAME = "duplicate-key"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding]:
    """A model type registered twice: the later entry silently replaces the earlier one.

    Looked at are keys of one dictionary and calls that nothing guards; of calls under a condition only one may ever
    run.
    """
    seen: dict[tuple[str, int, str], Entry] = {}
    for entry in scope.entries(snapshot):
        if entry.table is None:
            continue
        first = seen.setdefault((entry.path, entry.table, entry.key), entry)
        if first is not entry:
            yield at(
                entry,
                NAME,
                entry.key,
                f'"{entry.key}" is registered a second time and replaces the entry on line {first.line}.',
                "Keep one of the two entries, with the features of both.",
            )
