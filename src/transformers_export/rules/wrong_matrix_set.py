"""Rule `wrong-matrix-set`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.types import Finding

NAME = "wrong-matrix-set"
_OTHER = ("WITH_PAST", "SEQ2SEQ", "ENCODER_DECODER", "VISION")


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding]:
    """A model type with `-with-past` features that only the plain set of the test matrix names.

    Advice: the test exports it all the same, but a reader looks for it in the set for past key values. Said only
    where the matrix has such a set, and where the entry does not name its features itself.
    """
    matrix = snapshot.matrix
    if matrix is None:
        return
    framework = {entry.set_name: entry.set_name.partition("_")[0] for entry in matrix.entries}
    special = {(framework[entry.set_name], entry.key) for entry in matrix.entries if _is_special(entry.set_name)}
    sets = [name for name in matrix.sets if "WITH_PAST" in name]
    for entry in matrix.entries:
        registered = snapshot.registry.entry(entry.key)
        if not (scope.whole or entry.key in scope.keys) or registered is None or entry.features:
            continue
        if _is_special(entry.set_name) or (framework[entry.set_name], entry.key) in special:
            continue
        past = [feature.name for feature in registered.features if feature.past]
        two_sided = any("2seq" in name for name in past)
        meant = [
            name
            for name in sets
            if name.startswith(framework[entry.set_name] + "_") and ("SEQ2SEQ" in name) == two_sided
        ]
        if past and meant:
            yield at(
                entry,
                NAME,
                f"{entry.set_name}/{entry.key}",
                f'"{entry.written}" stands in {entry.set_name} but has {", ".join(past)}.',
                f"Move it to {meant[0]}.",
                severity="advice",
            )


def _is_special(set_name: str) -> bool:
    return any(word in set_name for word in _OTHER)
