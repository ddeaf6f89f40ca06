"""The model classes of one tree, each read once: signature and returned names, for all rules and features that ask.

Two trees whose models are the same share one of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.source import forward, python, returned

if TYPE_CHECKING:
    from transformers_export.source.forward import Model, Signature
    from transformers_export.source.snapshot import Snapshot


class Models:
    """Answers about the model classes of a tree."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._found: dict[tuple[str, str], Model | None] = {}
        self._signatures: dict[Model, Signature | python.Unread] = {}
        self._fields: dict[Model, frozenset[str] | python.Unread] = {}

    def find(self, configuration: str, name: str) -> Model | None:
        """A model class: by its dotted name, or by its bare name in a modeling file beside a configuration file."""
        key = (configuration, name)
        if key not in self._found:
            found = _find(self._snapshot, configuration, name)
            self._found[key] = forward.model(self._snapshot, found) if found else None
        return self._found[key]

    def signature(self, model: Model) -> Signature | python.Unread:
        """The signature of its `forward()`."""
        if model not in self._signatures:
            self._signatures[model] = forward.signature(self._snapshot, model)
        return self._signatures[model]

    def fields(self, model: Model) -> frozenset[str] | python.Unread:
        """The names that its `forward()` may return."""
        if model not in self._fields:
            self._fields[model] = self._read(model)
        return self._fields[model]

    def _read(self, model: Model) -> frozenset[str] | python.Unread:
        try:
            return returned.fields(self._snapshot, model)
        except RecursionError:
            return python.Unread(model.item.path, model.item.line, f"{model.item.name} is nested too deeply")


def _find(snapshot: Snapshot, configuration: str, name: str) -> python.Class | None:
    if "." in name:
        return snapshot.find_class(name)
    folder, _, file = configuration.rpartition("/")
    likely = f"{folder}/{file.replace('configuration_', 'modeling_')}"
    source = snapshot.part(likely, name)
    if source and name in source.classes:
        return source.classes[name]
    for path in snapshot.models_beside(folder):
        source = snapshot.part(path, name)
        if source and name in source.classes:
            return source.classes[name]
    return None
