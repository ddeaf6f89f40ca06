"""What the base had and the head has no more: a layout, a registry, features.

A change that takes away what a check reads by would otherwise look like one that concerns nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.verdict.types import NotChecked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.source.snapshot import Snapshot


def find_lost(head: Snapshot, base: Snapshot) -> Iterator[NotChecked]:
    """What was lost between two trees, the layout first. A first layout is no loss."""
    if base.layout not in ("none", head.layout):
        why = (
            f"this is a {base.layout} repository in the base and {_named(head)} now, so what changed is not mapped to "
            "models as before. Change the layout by itself, and check everything with --all."
        )
        yield NotChecked("the repository's layout", why, blocking=True)
    for path in base.registries:
        if path not in head.registries and not _moved(head, base, path):
            state = "is no registry that is read any more" if head.tree.exists(path) else "is gone"
            why = f"it registered features in the base and {state}: what it registered is not exported"
            yield NotChecked(path, why, blocking=True)


def _named(head: Snapshot) -> str:
    return "one without any known layout" if head.layout == "none" else f"a {head.layout} one"


def _moved(head: Snapshot, base: Snapshot, path: str) -> bool:
    """Whether everything that a registry said is said elsewhere now."""
    before = [entry for entry in base.registry.entries if entry.path == path]
    kept = {entry.key for entry in head.registry.entries}
    return bool(before) and all(entry.key in kept for entry in before)
