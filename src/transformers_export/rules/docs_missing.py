"""Rule `docs-missing`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import Spot, at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.fix import Fix
    from transformers_export.rules.scope import Scope
    from transformers_export.source.docs import Documented
    from transformers_export.source.registry import Entry
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "docs-missing"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding]:
    """A registered model that the docs list of architectures does not name.

    The page is the one the settings name (`docs`) or `serialization.md` of a transformers checkout. A model counts as
    named when some item of a list or table has its registry key, its model type or the name transformers shows it
    with. A page that names fewer than half of the registered models holds no such list and is left alone.
    """
    page = snapshot.documented
    if page is None:
        return
    missing = [entry for entry in scope.entries(snapshot) if not is_named(snapshot, page, entry)]
    if not missing or not _is_list(snapshot, page):
        return
    for entry in missing:
        shown = snapshot.names_shown.get(entry.key, entry.key)
        yield at(
            Spot(page.path, page.line, 1),
            NAME,
            entry.key,
            f"{shown} is registered, but the list of architectures does not name it.",
            f"Add {shown} to the list in {page.path}.",
        )


def fix(snapshot: Snapshot, finding: Finding) -> Fix | None:
    """Adds a line with the name transformers shows the model with, else with its registry key, to the list. A table, or
    a list of links, is left to you.
    """
    if finding.subject not in snapshot.keys:
        return None  # the entry itself is in doubt
    from transformers_export.edits import docs
    from transformers_export.rules.fix import Fix, Step

    shown = snapshot.names_shown.get(finding.subject, finding.subject)
    step = Step(finding.path, lambda content: docs.add_name(content, finding.line, shown))
    return Fix(f"Name {shown} in {finding.path}.", (step,))


def is_named(snapshot: Snapshot, page: Documented, entry: Entry) -> bool:
    """Whether the page names the model of an entry."""
    if page.has((entry.key, entry.key.replace("-", "_"), entry.key.replace("-", " "))):
        return True  # most are; the names transformers shows stand in a file that takes as long as all the rest
    return entry.key in snapshot.names_shown and page.has((snapshot.names_shown[entry.key],))


def _is_list(snapshot: Snapshot, page: Documented) -> bool:
    entries = snapshot.registry.entries
    return 2 * sum(is_named(snapshot, page, entry) for entry in entries) >= len(entries)
