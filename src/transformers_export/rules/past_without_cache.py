"""Rule `past-without-cache`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "past-without-cache"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding]:
    """A `-with-past` feature on a configuration class that has no `with_past`: the registry cannot build it.

    Nothing is said of a class whose base lies outside the repository and could not be read.
    """
    for entry in scope.entries(snapshot):
        features = [feature for feature in entry.features if feature.past]
        definition = snapshot.find_entry_class(entry) if features else None
        item = snapshot.onnx_class(definition) if definition else None
        if item is not None and item.past is False:
            names = ", ".join(feature.name for feature in features)
            yield at(
                entry,
                NAME,
                entry.key,
                f'"{entry.key}" registers {names}, but {item.name} has no with_past.',
                "Derive the class from OnnxConfigWithPast or OnnxSeq2SeqConfigWithPast, or remove the features.",
            )
