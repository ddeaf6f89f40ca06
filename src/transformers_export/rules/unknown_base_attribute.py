"""Rule `unknown-base-attribute`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from transformers_export.rules.finding import at, of_node
from transformers_export.source import lineage, python
from transformers_export.source.configuration import is_abstract

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.configuration import OnnxClass
    from transformers_export.source.lineage import Lineage
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "unknown-base-attribute"
_PLAIN = frozenset(dir(object))


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding]:
    """An ONNX configuration class that uses something of itself or its base which neither of them has.

    `self.use_past` on a class without past key values, say: reading it fails when the model is exported. Nothing is
    said of abstract classes and of those others derive from (these may bring what is used), of names asked for with
    `hasattr` or inside `try`, and where a base class is not in this repository.
    """
    for path in scope.configurations(snapshot):
        for item in snapshot.onnx_classes(path):
            line = lineage.of(snapshot, item.definition)
            if not line.complete or is_abstract(item.definition):
                continue
            missing = list(_missing(line))
            if missing and not _is_open(line) and not _is_base(snapshot, item):
                for name, node, owner in missing:
                    yield at(
                        of_node(path, node),
                        NAME,
                        f"{item.name}.{name}",
                        f"{item.name} uses {owner}.{name}, which neither it nor its base classes have.",
                        _hint(line, name),
                    )


def _missing(line: Lineage) -> Iterator[tuple[str, ast.Attribute, str]]:
    """What the first class of the line uses in vain: name, where, and `self` or `super()`."""
    first, *above = line.classes
    own = _PLAIN.union(*(item.brings for item in line.classes))
    inherited = _PLAIN.union(*(item.brings for item in above))
    asked = {node.value for node in first.nodes if isinstance(node, ast.Constant)}
    for function in first.node.body:
        if not isinstance(function, ast.FunctionDef) or not function.args.args or _is_static(function):
            continue
        subject = function.args.args[0].arg
        if _is_rebound(function, subject):
            continue
        for node in _outside_try(function):
            if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load) or node.attr in asked:
                continue
            if node.attr.startswith("__"):
                continue
            if isinstance(node.value, ast.Name) and node.value.id == subject and node.attr not in own:
                yield node.attr, node, subject
            elif _is_super(node.value) and node.attr not in inherited:
                yield node.attr, node, "super()"


def _is_open(line: Lineage) -> bool:
    """Whether attributes may come from somewhere else: `__getattr__`, `setattr`, `__dict__`, a class decorator."""
    return any(_is_open_class(item) for item in line.classes)


def _is_open_class(item: python.Class) -> bool:
    if item.node.decorator_list or item.node.keywords:
        return True
    for node in item.nodes:
        if isinstance(node, ast.FunctionDef) and node.name in ("__getattr__", "__getattribute__"):
            return True
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("setattr", "vars", "exec")
        ):
            first = node.args[0] if node.args else None
            # of another object than `self` it does not matter what is set
            if not (node.func.id == "setattr" and isinstance(first, ast.Attribute)):
                return True
        if isinstance(node, ast.Attribute) and node.attr == "__dict__":
            return True
    return False


def _is_base(snapshot: Snapshot, item: OnnxClass) -> bool:
    paths = {item.path, *snapshot.configurations_mentioning([item.name])}
    return any((item.path, item.name) in other.ancestors for path in paths for other in snapshot.onnx_classes(path))


def _is_super(node: ast.expr) -> bool:
    """`super()`; the form with arguments starts its search further up."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super" and not node.args


def _is_static(function: ast.FunctionDef) -> bool:
    return any(isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in function.decorator_list)


def _is_rebound(function: ast.FunctionDef, subject: str) -> bool:
    """Whether the first argument's name stands for something else somewhere in the function."""
    for node in python.walk(function):
        if isinstance(node, ast.Name) and node.id == subject and not isinstance(node.ctx, ast.Load):
            return True
        if isinstance(node, ast.arg) and node.arg == subject and node is not function.args.args[0]:
            return True
    return False


def _outside_try(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Everything in a function but what is tried, in order."""
    waiting: list[ast.AST] = [function]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.Try):
            waiting.extend(reversed(python.children(node)))


def _hint(line: Lineage, name: str) -> str:
    from difflib import get_close_matches  # not needed where everything is in order

    names = {brought for item in line.classes for brought in item.brings}
    meant = get_close_matches(name, sorted(names), 1)
    if meant:
        return f"Did you mean {meant[0]}?"
    return "Derive from OnnxConfigWithPast, or define it." if "past" in name else "Define it, or correct the name."
