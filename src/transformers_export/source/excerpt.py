"""Parts of a large file: its imports and one class at a time, with their line numbers.

Modeling files have thousands of lines of which a check needs a few signatures; parsing one whole takes as long as all
the rest of a check. Where the cut cannot be trusted there is no excerpt, and the whole file is read.
"""

from __future__ import annotations

import ast
import re
from functools import cached_property
from typing import TYPE_CHECKING

from transformers_export.source import python

if TYPE_CHECKING:
    from collections.abc import Collection

_STATEMENT = re.compile(rb"^[^\s#)\]}\"'][\w.]*", re.MULTILINE)
"""How a statement at the top of a file begins: all other lines go on with one."""
_IMPORTS = frozenset((b"import", b"from", b"if", b"try", b"except", b"else", b"elif", b"finally", b"with"))
_CLASS = re.compile(rb"class[ \t]+(\w+)")
_WORD = re.compile(rb"\w+")
_MAPPING = re.compile(rb"^    _model_mapping = (\w+)$", re.MULTILINE)
_TABLE = re.compile(rb"^\w+ = _LazyAutoMapping\(\s*\w+,\s*(\w+),?\s*\)\s*$", re.MULTILINE)
_ENCODING = re.compile(rb"coding[:=]\s*(?!utf-?8\b)", re.IGNORECASE)


class Excerpts:
    """One file, cut at the statements of its top level."""

    def __init__(self, content: bytes, path: str) -> None:
        content = content.removeprefix(b"\xef\xbb\xbf")
        self._content = content
        self.path = path
        starts = [(found.start(), found[0]) for found in _STATEMENT.finditer(content)]
        ends = [start for start, _ in starts[1:]] + [len(content)]
        self._pieces = [(start, end, word) for (start, word), end in zip(starts, ends, strict=False)]

    def of(self, name: str) -> python.Source | None:
        """The imports and, if it is there, the class `name`; None where the file must be read whole.

        That is when the class is written twice or not at the start of a line, or what was cut out is no valid Python.
        """
        imports = self._imports
        places = self._classes.get(name, [])
        written = self._written.count(name.encode())
        if imports is None or written != len(places) or written > 1:
            return None
        if not places:
            return imports
        start, end = places[0]
        before = self._content.count(b"\n", 0, start)
        found = python.parse(b"\n" * before + self._content[start:end], self.path)
        if list(found.classes) != [name] or len(found.body) != 1:
            return None
        others = frozenset(self._classes) - {name}
        return python.Source(
            self.path, found.classes, imports.imports, imports.stars, imports.assigned, found.body, others=others
        )

    def tables(self, wanted: Collection[str], key: str = "") -> python.Source | None:
        """The classes of these names with their mappings and tables, as the files of Auto classes are written.

        With a registry key, the plain rows of other model types are left out: nine tenths of it all.

        None where the file must be read whole: something is written in another form, or a table is named elsewhere
        too and may be changed there.
        """
        words: dict[bytes, list[tuple[int, int]]] = {}
        for start, end, word in self._pieces:
            words.setdefault(word, []).append((start, end))
        kept = [place for name in wanted for place in self._classes.get(name, [])]
        names: list[bytes] = []
        for pattern in (_MAPPING, _TABLE):
            found = [pattern.search(self._content, *place) for place in kept[len(names) :]]
            named = [match[1] for match in found if match]
            places = [words.get(name, []) for name in named]
            if len(named) < len(found) or any(len(each) != 1 for each in places):
                return None
            names += named
            kept += [each[0] for each in places]
        kept = sorted(set(kept))
        if not set(names).isdisjoint(_WORD.findall(self._without(kept))):
            return None
        return self._joined(kept, _rows_of_others(key) if key else None)

    def _without(self, places: list[tuple[int, int]]) -> bytes:
        """What is not in these places, which are sorted and do not overlap."""
        starts = [0, *(end for _, end in places)]
        ends = [*(start for start, _ in places), len(self._content)]
        return b"\n".join(self._content[start:end] for start, end in zip(starts, ends, strict=True))

    def _joined(self, places: list[tuple[int, int]], without: re.Pattern[bytes] | None = None) -> python.Source | None:
        """The pieces at these places as a file of their own, each on its line, `without` what is in lines."""
        if not self._counts_lines():
            return None
        joined: list[bytes] = []
        written = 0
        for start, end in places:
            joined.append(b"\n" * self._content.count(b"\n", written, start) + self._content[start:end])
            written = end
        content = b"".join(joined)
        source = python.parse(without.sub(b"", content) if without else content, self.path)
        return None if source.unread else source

    def _counts_lines(self) -> bool:
        """Whether lines are counted as Python counts them."""
        return not (_ENCODING.search(self._content, 0, 200) or b"\f" in self._content or b"\r" in self._content)

    @cached_property
    def _classes(self) -> dict[str, list[tuple[int, int]]]:
        """Where each class begins and ends."""
        found: dict[str, list[tuple[int, int]]] = {}
        for start, end, word in self._pieces:
            head = _CLASS.match(self._content, start) if word == b"class" else None
            if head:
                found.setdefault(head[1].decode(), []).append((start, end))
        return found

    @cached_property
    def _written(self) -> list[bytes]:
        """What stands after the word `class`, anywhere."""
        return _CLASS.findall(self._content)

    @cached_property
    def _imports(self) -> python.Source | None:
        """The imports of the file, those under a condition too."""
        source = self._joined([(start, end) for start, end, word in self._pieces if word in _IMPORTS])
        return None if source is None or any(isinstance(item, ast.ClassDef) for item in source.body) else source


def _rows_of_others(key: str) -> re.Pattern[bytes]:
    """Rows such as `("albert", "AlbertModel"),` of all model types but one; classes begin with a capital."""
    own = re.escape(key.encode()).replace(rb"\-", b"[-_]")
    return re.compile(rb'^ +\("(?!%s")[a-z0-9_-]+", "\w+"\),$' % own, re.MULTILINE)
