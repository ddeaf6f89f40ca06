"""The test matrix: which model types `test_onnx_v2.py` exports.

Read are sets, lists and tuples of tuples whose first item is the model type, assigned to names in capitals that end
in `_MODELS`, and what is put together from such; in the oldest trees the tuples have five items, of which the last is
the ONNX configuration class.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from transformers_export.source import python
from transformers_export.source.configuration import key_of
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator


_COLLECTIONS = ("set", "frozenset", "list", "tuple")
_DEEP = 20
"""How far names and parts are followed: a name can stand for itself."""


class MatrixEntry(NamedTuple):
    """One tested model."""

    key: str
    """Spelled as the registry spells it."""
    written: str
    set_name: str
    path: str
    line: int
    column: int
    features: tuple[str, ...] = ()
    """The only features tested, where the entry names some."""
    onnx_class: str = ""
    """Its ONNX configuration class, where the entry names one."""
    checkpoint: str = ""
    """What the test loads, where that is written as a string."""


class Matrix(NamedTuple):
    """All tested models of a repository."""

    path: str
    entries: tuple[MatrixEntry, ...] = ()
    unread: tuple[Unread, ...] = ()
    sets: tuple[str, ...] = ()
    """The names of all sets, the empty ones too."""

    @property
    def readable(self) -> bool:
        """Whether it was read whole: only then does an absent model mean something."""
        return not self.unread and bool(self.entries)


def read(source: python.Source) -> Matrix:
    """Read a matrix file; a file without any set of models is reported as not read."""
    entries: list[MatrixEntry] = []
    unread = list(source.unread)
    sets: list[str] = []
    for name, values in source.assigned.items():
        if not _is_set(name):
            continue
        for value in values:
            sets.append(name)
            for item in _entries(source, name, value):
                (unread if isinstance(item, Unread) else entries).append(item)  # type: ignore[arg-type]
    for change in python.changes(source.body):
        if change.name in sets:
            if change.added is None:
                unread.append(Unread(source.path, change.line, f"{change.name} is changed in an unknown way"))
            for item in _entries(source, change.name, change.added) if change.added else ():
                (unread if isinstance(item, Unread) else entries).append(item)  # type: ignore[arg-type]
    if not sets and not unread:
        unread.append(Unread(source.path, 1, "no set of models found: expected names such as PYTORCH_EXPORT_MODELS"))
    return Matrix(source.path, tuple(entries), tuple(unread), tuple(dict.fromkeys(sets)))


def _is_set(name: str) -> bool:
    return name.isupper() and name.endswith("_MODELS")


def _entries(source: python.Source, name: str, value: ast.expr, depth: int = 0) -> Iterator[MatrixEntry | Unread]:
    """The entries of a collection, of those it is put together from too."""
    if isinstance(value, ast.Dict) and not value.keys:
        return  # upstream writes an empty set as {}
    parts = _parts(source, value) if depth < _DEEP else None
    if parts is not None:
        for part in parts:
            yield from _entries(source, name, part, depth + 1)
        return
    if not isinstance(value, (ast.Set, ast.List, ast.Tuple)):
        yield Unread(source.path, value.lineno, f"{name} is computed")
        return
    for item in value.elts:
        if isinstance(item, ast.Starred):
            yield from _entries(source, name, item.value, depth + 1)
        else:
            yield _entry(source, name, item)


def _parts(source: python.Source, value: ast.expr) -> list[ast.expr] | None:
    """What `A | B`, `A + B`, `frozenset(A)` or a name stands for; None for what is written out, or computed.

    A name that is a set of models itself stands for nothing more: its entries are read where they are written.
    """
    if isinstance(value, ast.BinOp) and isinstance(value.op, (ast.BitOr, ast.Add)):
        return [value.left, value.right]
    if isinstance(value, ast.Call) and python.dotted(value.func) in _COLLECTIONS and not value.keywords:
        return value.args if len(value.args) < 2 else None
    if isinstance(value, ast.Name):
        assigned = source.assigned.get(value.id, ())
        if assigned and _is_set(value.id):
            return []
        return list(assigned) if len(assigned) == 1 and not any(python.changes(source.body, value.id)) else None
    return None


def _entry(source: python.Source, name: str, item: ast.expr) -> MatrixEntry | Unread:
    first = item.elts[0] if isinstance(item, ast.Tuple) and item.elts else None
    key = python.string(first, source)
    if not isinstance(item, ast.Tuple) or first is None or key is None:
        return Unread(source.path, item.lineno, f"an entry of {name} is computed")
    last = python.dotted(item.elts[4]) if len(item.elts) == 5 else None
    features = python.strings(item.elts[2], source) if len(item.elts) == 3 else None
    return MatrixEntry(
        key_of(key),
        key,
        name,
        source.path,
        first.lineno,
        first.col_offset + 1,
        features=features or (),
        onnx_class=last or "",
        checkpoint=(python.string(item.elts[1], source) or "") if len(item.elts) > 1 else "",
    )
