"""Rule `wrong-matrix-set`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at
from transformers_export.rules.testing import is_special

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.fix import Fix
    from transformers_export.rules.scope import Scope
    from transformers_export.source.matrix import Matrix
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "wrong-matrix-set"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding]:
    """A model type with `-with-past` features that only the plain set of the test matrix names.

    Advice: the test exports it all the same, but a reader looks for it in the set for past key values. Said only
    where the matrix has such a set, and where the entry does not name its features itself.
    """
    matrix = snapshot.matrix
    if matrix is None:
        return
    framework = {entry.set_name: entry.set_name.partition("_")[0] for entry in matrix.entries}
    special = {(framework[entry.set_name], entry.key) for entry in matrix.entries if is_special(entry.set_name)}
    for entry in matrix.entries:
        registered = snapshot.registry.entry(entry.key)
        if not (scope.whole or entry.key in scope.keys) or registered is None or entry.features:
            continue
        if is_special(entry.set_name) or (framework[entry.set_name], entry.key) in special:
            continue
        past = [feature.name for feature in registered.features if feature.past]
        meant = _meant(matrix, entry.set_name, past)
        if meant:
            yield at(
                entry,
                NAME,
                f"{entry.set_name}/{entry.key}",
                f'"{entry.written}" stands in {entry.set_name} but has {", ".join(past)}.',
                f"Move it to {meant}.",
                severity="advice",
            )


def _meant(matrix: Matrix, set_name: str, past: list[str]) -> str | None:
    """The set for models with these `-with-past` features, of the same framework."""
    two_sided = any("2seq" in name for name in past)
    framework = set_name.partition("_")[0] + "_"
    sets = (name for name in matrix.sets if "WITH_PAST" in name and name.startswith(framework))
    return next((name for name in sets if ("SEQ2SEQ" in name) == two_sided), None) if past else None


def fix(snapshot: Snapshot, finding: Finding) -> Fix | None:
    """Moves the entry, as it is written, to the set for past key values."""
    matrix = snapshot.matrix
    set_name, _, key = finding.subject.partition("/")
    entry = snapshot.registry.entry(key)
    past = [feature.name for feature in entry.features if feature.past] if entry else []
    meant = _meant(matrix, set_name, past) if matrix else None
    if meant is None:
        return None
    from transformers_export.edits import matrix as edits
    from transformers_export.rules.fix import Fix, Step

    step = Step(finding.path, lambda content: edits.move_entry(content, key, set_name, meant))
    return Fix(f'Move "{key}" from {set_name} to {meant} in {finding.path}.', (step,))
