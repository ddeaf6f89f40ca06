"""What an ONNX configuration class declares as `inputs` and `outputs` for one task, with past key values or without.

The property is followed statement by statement (`declared_statements.py`, `declared_values.py`). What depends on the
task or on `use_past` is decided; a condition on anything else is followed both ways, so that there may be several
answers. Anything that is not understood ends the reading with `NotRead`: nothing is guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from transformers_export.source import python
from transformers_export.source.declared_statements import Reading
from transformers_export.source.declared_values import NotRead, Question
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from transformers_export.source.declared_values import Names
    from transformers_export.source.lineage import Lineage

__all__ = ["Declared", "Question", "read"]

MOST_WAYS = 32
"""Different answers a property may give."""


class Declared(NamedTuple):
    """What a property gives: one mapping for each way through it; none at all where it returns nothing."""

    ways: tuple[Names, ...]


def read(line: Lineage, question: Question) -> Declared | Unread:
    """What the first class of a lineage declares."""
    try:
        return Declared(tuple(_ask(line, line, question)))
    except NotRead as stopped:
        return stopped.unread
    except RecursionError:
        return Unread(line.classes[0].path, line.classes[0].line, f"{question.name} is nested too deeply")


def _ask(whole: Lineage, line: Lineage, question: Question) -> list[Names]:
    """What the property gives when it is looked up in `line`, a part of the `whole` lineage."""
    found = line.function(question.name)
    if found is None or not (line.complete or line.classes[0] == found[0]):
        first = whole.classes[0]
        raise NotRead(first.path, first.node, f"{question.name} of {first.name} comes from a class that is not here")
    item, function = found
    if not any(python.dotted(mark) == "property" for mark in function.decorator_list):
        raise NotRead(item.path, function, f"{question.name} of {item.name} is no plain property")
    reading = Reading(whole, item, question, _ask)
    ways: list[Names] = []
    for value in reading.run(list(function.body), {}):
        if value is None:
            continue
        if not isinstance(value, dict):
            raise NotRead(item.path, function, f"what {question.name} of {item.name} returns is computed")
        if not any(list(value) == list(way) for way in ways):
            ways.append(value)
        if len(ways) > MOST_WAYS:
            raise NotRead(item.path, function, f"{question.name} of {item.name} has too many conditions")
    return ways
