"""Rule `duplicate-key`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.fix import Fix
    from transformers_export.rules.scope import Scope
    from transformers_export.source.registry import Entry
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

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


def fix(snapshot: Snapshot, finding: Finding) -> Fix | None:
    """Takes the later entry out where it says what the first says. Two that differ are left to you."""
    entries = [entry for entry in snapshot.registry.entries if entry.key == finding.subject]
    if any(entry.path != finding.path or entry.said != entries[0].said for entry in entries):
        return None
    from transformers_export.edits import registry
    from transformers_export.rules.fix import Fix, Step

    step = Step(finding.path, lambda content: registry.remove_entry(content, finding.subject))
    return Fix(f'Take out the second entry of "{finding.subject}", which said the same.', (step,) * (len(entries) - 1))
