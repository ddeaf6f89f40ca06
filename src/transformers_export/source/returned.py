"""The names of what a model's `forward()` returns: the fields of its `ModelOutput`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from transformers_export.source import forward, python
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.source.forward import Model
    from transformers_export.source.snapshot import Snapshot

_DEEP = 4
_ROOT = "ModelOutput"
_OUTPUTS = "transformers.modeling_outputs."
"""Where transformers keeps the outputs that several models return."""


def fields(snapshot: Snapshot, of: Model, depth: int = 0) -> frozenset[str] | Unread:
    """The names `forward()` may return; of several returns all of them together. Tuples are left out of account."""
    item, function = _forward(of)
    if item is None or function is None:
        return Unread(of.item.path, of.item.line, f"forward() of {of.item.name} comes from a class that is not here")
    found: set[str] = set()
    returns = [node for node in _returns(function.body) if not _is_tuple(node.value)]
    for statement in returns:
        call = _call(function, statement.value)
        names = _names(snapshot, of, item, call, depth) if call else None
        if names is None:
            return Unread(item.path, statement.lineno, f"what forward() of {item.name} returns is computed")
        found |= names
    if not returns:
        return Unread(item.path, function.lineno, f"forward() of {item.name} returns no names")
    return frozenset(found)


def _forward(of: Model) -> tuple[python.Class | None, ast.FunctionDef | None]:
    for item in of.chain:
        for node in item.node.body if item else ():
            if isinstance(node, ast.FunctionDef) and node.name == "forward":
                return item, node
        if item is None:
            break
    return None, None


def _returns(statements: list[ast.stmt]) -> Iterator[ast.Return]:
    """The returns of a function, but not those for callers who want a tuple."""
    for statement in statements:
        if isinstance(statement, ast.Return):
            yield statement
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        elif isinstance(statement, ast.If) and _wants_tuple(statement.test):
            yield from _returns(statement.orelse)
        else:
            for name in ("body", "orelse", "finalbody"):
                yield from _returns(getattr(statement, name, []))
            for handler in getattr(statement, "handlers", []):
                yield from _returns(handler.body)


def _wants_tuple(test: ast.expr) -> bool:
    if not (isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)):
        return False
    return (python.dotted(test.operand) or "").rpartition(".")[2] in ("return_dict", "use_return_dict")


def _is_tuple(value: ast.expr | None) -> bool:
    if isinstance(value, ast.BinOp):
        return _is_tuple(value.left) or _is_tuple(value.right)
    if isinstance(value, ast.IfExp):
        return _is_tuple(value.body) and _is_tuple(value.orelse)
    if isinstance(value, ast.Call):
        return python.dotted(value.func) == "tuple"
    return isinstance(value, ast.Tuple)


def _call(function: ast.FunctionDef, value: ast.expr | None) -> ast.Call | None:
    """The call a return gives on, directly or by a name that is assigned once."""
    if isinstance(value, ast.Name):
        stores = (node for node in python.walk(function) if isinstance(node, ast.Name) and node.id == value.id)
        given = [node for node in stores if not isinstance(node.ctx, ast.Load)]
        assigned = [
            node.value
            for node in python.walk(function)
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and node.targets[0] in given
        ]
        value = assigned[0] if len(given) == len(assigned) == 1 else None
    return value if isinstance(value, ast.Call) else None


def _names(snapshot: Snapshot, of: Model, item: python.Class, call: ast.Call, depth: int) -> frozenset[str] | None:
    called = python.dotted(call.func)
    source = snapshot.part(item.path, item.name)
    if called is None or source is None or depth > _DEEP:
        return None
    if called.startswith("self."):
        inner = _submodule(snapshot, of, called.removeprefix("self."))
        found = fields(snapshot, inner, depth + 1) if inner else None
        return found if isinstance(found, frozenset) else None
    output = forward.find(snapshot, source, called)
    if isinstance(output, python.Class):
        names = _fields(snapshot, output, 0)
        if names is not None:
            return names
    # A class that is not here: what it is given by name it has, and what it is not given it leaves out.
    known = any(target.startswith(_OUTPUTS) for target in snapshot.targets(source, called))
    if (
        (known or called.rpartition(".")[2].endswith("Output"))
        and not call.args
        and all(word.arg for word in call.keywords)
    ):
        return frozenset(word.arg for word in call.keywords if word.arg)
    return None


def _submodule(snapshot: Snapshot, of: Model, name: str) -> Model | None:
    """The model that `self.<name>` is, where one `__init__` builds it once from a class."""
    for item in of.chain:
        if item is None:
            return None
        assigned = (node for node in item.nodes if isinstance(node, ast.Assign))
        built = [node.value for node in assigned if f"self.{name}" in map(python.dotted, node.targets)]
        if built:
            call = built[0]
            return _built(snapshot, item, call) if len(built) == 1 and isinstance(call, ast.Call) else None
    return None


def _built(snapshot: Snapshot, owner: python.Class, call: ast.Call) -> Model | None:
    called = python.dotted(call.func)
    source = snapshot.part(owner.path, owner.name)
    found = forward.find(snapshot, source, called) if source and called else None
    return forward.model(snapshot, found) if isinstance(found, python.Class) else None


def _fields(snapshot: Snapshot, item: python.Class, depth: int) -> frozenset[str] | None:
    """The fields of an output class and its bases up to `ModelOutput`."""
    source = snapshot.part(item.path, item.name)
    if source is None or depth > _DEEP or not item.bases or len(item.bases) != len(item.node.bases):
        return None
    names = {
        node.target.id
        for node in item.node.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    for base in item.bases:
        targets = snapshot.targets(source, base)
        if base.rpartition(".")[2] == _ROOT and any(target.startswith("transformers.") for target in targets):
            continue
        above = forward.find(snapshot, source, base)
        inherited = _fields(snapshot, above, depth + 1) if isinstance(above, python.Class) else None
        if inherited is None:
            return None
        names |= inherited
    return frozenset(names)
