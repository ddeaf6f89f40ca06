"""What the rules about `forward()` share: features with what they declare and the signatures of their models."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from transformers_export.rules.finding import Spot, of_feature
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.declared_values import Names
    from transformers_export.source.exported import Exported
    from transformers_export.source.forward import Signature
    from transformers_export.source.snapshot import Snapshot


class Taken(NamedTuple):
    """A feature whose inputs and models were read."""

    of: Exported
    ways: tuple[Names, ...]
    """The inputs declared; several where they depend on the model's configuration."""
    signatures: tuple[Signature, ...]
    """Of the models that may be loaded."""

    @property
    def models(self) -> str:
        """The names of the models."""
        return " or ".join(model.item.name for model in self.of.models)

    @property
    def configuration(self) -> str:
        """The name of the ONNX configuration class."""
        return self.of.line.classes[0].name

    def place(self, spot: tuple[str, int, int] | None = None) -> Spot:
        """The place of a declared name if the class itself declares it, else where the feature is registered."""
        if spot is not None and spot[0] == self.of.line.classes[0].path:
            return Spot(*spot)
        return of_feature(self.of.entry, self.of.feature)


def taken(snapshot: Snapshot, scope: Scope) -> Iterator[Taken | Unread]:
    """The features to look at, and what of them could not be read. One that declares no inputs is left out."""
    for entry in scope.entries(snapshot):
        for item in snapshot.exported(entry):
            if isinstance(item, Unread):
                yield item
                continue
            inputs = item.inputs
            unread = [each for each in (inputs, *item.signatures) if isinstance(each, Unread)]
            if unread:
                yield from unread
            elif not isinstance(inputs, Unread) and inputs.ways:
                read = tuple(each for each in item.signatures if not isinstance(each, Unread))
                yield Taken(item, inputs.ways, read)
