"""What an ONNX configuration class inherits: its classes in the order attributes are looked up."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from transformers_export.source.configuration import ROOTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers_export.source import python
    from transformers_export.source.snapshot import Snapshot

_PLAIN = frozenset({"ABC", "abc.ABC", "object", "Generic", "typing.Generic"})
"""Bases that bring nothing a configuration would use."""
_DEEP = 20


class Lineage(NamedTuple):
    """A class and what it derives from, the class itself first."""

    classes: tuple[python.Class, ...]
    complete: bool
    """Whether that is all of them: not when a base is computed or lies in another package."""
    lookup: Callable[[python.Class, str], Lineage | None]
    """The lineage of the class that a name in the file of another class stands for."""

    def after(self, name: str) -> Lineage:
        """What `super(<name>, self)` looks at; nothing, incomplete, when there is no such class."""
        for number, item in enumerate(self.classes):
            if item.name == name:
                return Lineage(self.classes[number + 1 :], self.complete, self.lookup)
        return Lineage((), complete=False, lookup=self.lookup)

    def beside(self, item: python.Class, name: str) -> Lineage | None:
        """The lineage of the class that `name` stands for where `item` is written; None where it is not here."""
        return self.lookup(item, name)

    def assigned(self, *names: str) -> tuple[python.Class, ast.expr] | None:
        """The first value that a class body gives one of the names, with its class."""
        for item in self.classes:
            for node in item.node.body:
                targets = node.targets if isinstance(node, ast.Assign) else []
                targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
                if any(isinstance(target, ast.Name) and target.id in names for target in targets):
                    value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
                    if value is not None:
                        return item, value
        return None

    def function(self, name: str) -> tuple[python.Class, ast.FunctionDef] | None:
        """The first function of that name, with its class."""
        for item in self.classes:
            for node in item.node.body:
                if isinstance(node, ast.FunctionDef) and node.name == name:
                    return item, node
        return None


def is_root(snapshot: Snapshot, item: python.Class) -> bool:
    """Whether it is one of the bases everything derives from."""
    return snapshot.dotted_of(item) in ROOTS


def of(snapshot: Snapshot, item: python.Class) -> Lineage:
    """The lineage of a class. Of a class that is reached twice the later place counts, as in Python's own order."""
    found: list[python.Class] = []
    complete = _follow(snapshot, item, found, 0)
    last = {(each.path, each.name): number for number, each in enumerate(found)}

    def lookup(beside: python.Class, name: str) -> Lineage | None:
        source = snapshot.part(beside.path, beside.name)
        targets = snapshot.targets(source, name) if source else ()
        other = next(filter(None, map(snapshot.find_class, targets)), None)
        return of(snapshot, other) if other else None

    classes = tuple(each for number, each in enumerate(found) if last[each.path, each.name] == number)
    return Lineage(classes, complete, lookup)


def _follow(snapshot: Snapshot, item: python.Class, found: list[python.Class], depth: int) -> bool:
    found.append(item)
    source = snapshot.part(item.path, item.name)
    if source is None or depth > _DEEP or len(item.bases) != len(item.node.bases):
        return False
    complete = True
    for base in item.bases:
        if base in _PLAIN:
            continue
        above = next(filter(None, (snapshot.find_class(target) for target in snapshot.targets(source, base))), None)
        known = above is not None and above != item and _follow(snapshot, above, found, depth + 1)
        complete = complete and known
    return complete
