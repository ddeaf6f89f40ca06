"""One registered feature, brought together: what its configuration declares and the model classes it may load."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from transformers_export.source import declared, lineage
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.source.declared import Declared
    from transformers_export.source.forward import Model, Signature
    from transformers_export.source.lineage import Lineage
    from transformers_export.source.registry import Entry, Feature
    from transformers_export.source.snapshot import Snapshot


class Exported:
    """A feature of a registry entry with its configuration class and its models."""

    def __init__(
        self,
        entry: Entry,
        feature: Feature,
        line: Lineage,
        models: tuple[Model, ...],
        signatures: tuple[Signature | Unread, ...],
    ) -> None:
        self.entry = entry
        self.feature = feature
        self.line = line
        self.models = models
        """What its Auto class chooses from; a finding must hold for all of them."""
        self.signatures = signatures
        """Of each model."""

    @cached_property
    def inputs(self) -> Declared | Unread:
        """The inputs declared for the feature."""
        return self._declared("inputs")

    @cached_property
    def outputs(self) -> Declared | Unread:
        """The outputs declared for the feature."""
        return self._declared("outputs")

    def _declared(self, name: str) -> Declared | Unread:
        return declared.read(self.line, declared.Question(name, self.feature.task, self.feature.past))


def read(snapshot: Snapshot, entry: Entry) -> Iterator[Exported | Unread]:
    """The features of an entry whose configuration class and models are here."""
    definition = snapshot.find_entry_class(entry)
    if definition is None or snapshot.onnx_class(definition) is None:
        return
    line = lineage.of(snapshot, definition)
    seen: set[str] = set()
    for feature in entry.features:
        names = snapshot.heads.classes(snapshot.registry.tasks.get(feature.task, ()), entry.key)
        if feature.name in seen or not names:
            continue
        seen.add(feature.name)
        models = {name: snapshot.models.find(definition.path, name) for name in names}
        missing = [name for name, found in models.items() if found is None]
        if missing:
            yield Unread(entry.path, feature.line, f"the model {missing[0]} of {entry.key} is not in this repository")
        else:
            found = tuple(model for model in models.values() if model is not None)
            yield Exported(entry, feature, line, found, tuple(map(snapshot.models.signature, found)))
