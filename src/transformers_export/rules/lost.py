"""What the base had and the head has no more: a layout, a registry, features.

A change that takes away what a check reads by would otherwise look like one that concerns nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.verdict.plain import NotChecked

_MOST = 20
"""Sentences about features; a registry may lose a hundred."""

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
    said = list(_lost_features(head, base))
    yield from said[:_MOST]
    if len(said) > _MOST:
        why = f"{len(said) - _MOST} more are no longer registered as they were in the base"
        yield NotChecked("other model types", why, blocking=any(item.blocking for item in said))


def _lost_features(head: Snapshot, base: Snapshot) -> Iterator[NotChecked]:
    """Features that are not registered any more. It blocks where the registry holds something that cannot be read."""
    unread = head.registry.unread
    doubt = f"; {unread[0].path}:{unread[0].line} could not be read ({unread[0].why})" if unread else ""
    broken = {item.path for item in unread if item.broken}  # which blocks by itself
    for key in sorted({entry.key for entry in base.registry.entries if entry.path not in broken}):
        before, now = base.registry.entry(key), head.registry.entry(key)
        kept = {feature.name for feature in now.features} if now else set()
        gone = (
            ", ".join(dict.fromkeys(item.name for item in before.features if item.name not in kept)) if before else ""
        )
        if now is None:
            yield NotChecked(key, f"{key} is no longer registered (it had {gone}){doubt}", blocking=bool(unread))
        elif gone:
            what = f"feature {gone}" if ", " not in gone else f"features {gone}"
            verb = "is" if ", " not in gone else "are"
            yield NotChecked(
                f"{key}/{gone}", f"{what} of {key} {verb} no longer registered{doubt}", blocking=bool(unread)
            )


def _named(head: Snapshot) -> str:
    return "one without any known layout" if head.layout == "none" else f"a {head.layout} one"


def _moved(head: Snapshot, base: Snapshot, path: str) -> bool:
    """Whether everything that a registry said is said elsewhere now."""
    before = [entry for entry in base.registry.entries if entry.path == path]
    kept = {entry.key for entry in head.registry.entries}
    return bool(before) and all(entry.key in kept for entry in before)
