"""The docs list of architectures: which models a documentation page names, one an item of a list or row of a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from transformers_export.source import python
from transformers_export.source.configuration import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMES = "src/transformers/models/auto/configuration_auto.py"
"""Where a transformers checkout says how each model is called in its docs."""
_TABLE = "MODEL_NAMES_MAPPING"


class Documented(NamedTuple):
    """The items of every list and table on the page."""

    path: str
    items: tuple[str, ...]
    """In lower case."""
    line: int
    """Where the longest list begins."""

    def has(self, names: Iterable[str]) -> bool:
        """Whether one of the names stands in some item as a word of its own (BERT is none of I-BERT)."""
        patterns = [re.compile(rf"(?<![\w-]){re.escape(name.lower())}(?![\w-])") for name in names]
        return any(pattern.search(item) for item in self.items for pattern in patterns)


def read(content: bytes, path: str) -> Documented:
    """The items of a page in Markdown or reStructuredText."""
    items: list[str] = []
    runs: dict[int, int] = {}
    start = 0
    for number, row in enumerate(content.decode(errors="replace").splitlines(), 1):
        written = row.lstrip()
        if written.startswith(("- ", "* ", "+ ", "|")):
            items.append(written.lower())
            start = start or number
            runs[start] = runs.get(start, 0) + 1
        elif written:
            start = 0
    return Documented(path, tuple(items), max(runs, key=lambda line: runs[line], default=1))


def names_shown(source: python.Source) -> dict[str, str]:
    """Registry key to name, as `MODEL_NAMES_MAPPING` says; what it computes is left out."""
    found: dict[str, str] = {}
    for value in source.assigned.get(_TABLE, ()):
        for item in python.pairs(value) or ():
            key, name = python.text(item[0]), python.text(item[1])
            if key and name:
                found[key_of(key)] = name
    return found
