"""Rule `duplicate-feature`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at, of_feature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.fix import Fix
    from transformers_export.rules.scope import Scope
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "duplicate-feature"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding]:
    """A feature named twice in one registry entry: mostly another feature was meant, and that one is missing."""
    for entry in scope.entries(snapshot):
        seen: set[str] = set()
        for feature in entry.features:
            if feature.name in seen:
                yield at(
                    of_feature(entry, feature),
                    NAME,
                    f"{entry.key}/{feature.name}",
                    f'"{entry.key}" registers {feature.name} twice.',
                    "Remove one of the two, or name the feature that was meant.",
                )
            seen.add(feature.name)


def fix(snapshot: Snapshot, finding: Finding) -> Fix:
    """Leaves the feature where it is named first, which changes nothing that is exported."""
    from transformers_export.edits import registry
    from transformers_export.rules.fix import Fix, Step

    key, _, feature = finding.subject.partition("/")
    return Fix(
        f'Leave {feature} of "{key}" only where it is named first.',
        (Step(finding.path, lambda content: registry.remove_feature(content, key, feature)),),
        note=f'If another feature than {feature} was meant for "{key}", it is still missing.',
    )
