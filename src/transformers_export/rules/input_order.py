"""Rule `input-order`."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from transformers_export.rules.finding import at
from transformers_export.rules.signatures import taken
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.declared_values import Names
    from transformers_export.source.forward import Signature
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "input-order"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding]:
    """Inputs declared in another order than the parameters of `forward()`, in a transformers 4 checkout.

    transformers.onnx gives the names to the graph's inputs one by one in the order of `forward()`, so that two of them
    end up with each other's name. A package built on `transformers_export` is left alone: inputs are handed on by name.
    """
    if snapshot.layout != "transformers-4":
        return
    for item in taken(snapshot, scope):
        if isinstance(item, Unread):
            continue
        pairs = {_misplaced(way, signature) for way in item.ways for signature in item.signatures}
        pair = pairs.pop() if len(pairs) == 1 else None
        if pair is None:
            continue
        first, second = pair
        yield at(
            item.place(item.ways[0][second]),
            NAME,
            f"{item.configuration}.{second}",
            f'{item.configuration} declares "{second}" after "{first}" for {item.of.feature.name}, but forward() of '
            f"{item.models} takes it before.",
            "Declare the inputs in the order of forward().",
        )


def _misplaced(way: Names, signature: Signature) -> tuple[str, str] | None:
    """The first two neighbours that stand the wrong way round."""
    declared = [name for name in way if signature.takes(name)]
    for first, second in pairwise(declared):
        if signature.place(first) > signature.place(second):
            return first, second
    return None
