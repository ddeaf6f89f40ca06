"""Rule `main-input-missing`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at
from transformers_export.rules.signatures import taken
from transformers_export.source import forward
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "main-input-missing"
_BESIDE = (
    "token_type_ids",
    "position_ids",
    "decoder_input_ids",
    "decoder_position_ids",
    "past_key_values",
    "bbox",
    "langs",
    "lengths",
)
"""Inputs that only go with a main one; masks are told by their name."""


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding]:
    """The model's main input (`main_input_name`) is not declared, nor anything that could stand in its place.

    Said only when `forward()` has the parameter and everything declared goes with a main input: masks, token types,
    positions, the decoder's ids, past key values. A configuration that feeds `inputs_embeds` is right.
    """
    for item in taken(snapshot, scope):
        if isinstance(item, Unread) or not all(_goes_with(name) for way in item.ways for name in way):
            continue
        names = {forward.main_input(model) for model in item.of.models}
        name = names.pop() if len(names) == 1 else None
        if name is None or any(name in way for way in item.ways):
            continue
        if all(name in signature.parameters and name not in signature.required for signature in item.signatures):
            yield at(
                item.place(),
                NAME,
                f"{item.of.entry.key}/{item.of.feature.task}",
                f'The main input of {item.models} is "{name}", but {item.configuration} does not declare it for '
                f"{item.of.feature.name}.",
                f'Add "{name}" to inputs of {item.configuration}.',
            )


def _goes_with(name: str) -> bool:
    return name in _BESIDE or name.endswith("_mask")
