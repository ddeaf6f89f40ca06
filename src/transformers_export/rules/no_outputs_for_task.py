"""Rule `no-outputs-for-task`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from transformers_export.rules.finding import at, of_feature
from transformers_export.source import lineage, python
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.lineage import Lineage
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "no-outputs-for-task"
_TABLES = ("_tasks_to_common_outputs", "_TASKS_TO_COMMON_OUTPUTS")


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding | Unread]:
    """A registered feature whose task the base class `OnnxConfig` declares no outputs for: it refuses to be built.

    A class may bring a table of its own. Nothing is said where the table is computed or changed, where the base class
    is not in this repository, or where an `__init__` does not hand the task on.
    """
    for entry in scope.entries(snapshot):
        definition = snapshot.find_entry_class(entry)
        if definition is None or snapshot.onnx_class(definition) is None:
            continue
        line = lineage.of(snapshot, definition)
        table = line.assigned(*_TABLES)
        if table is None:
            continue
        tasks = _keys(table[1])
        if tasks is None:
            yield Unread(table[0].path, table[1].lineno, f"the table of outputs of {table[0].name} is computed")
            continue
        for feature in entry.features:
            if feature.task in tasks:
                continue
            if not _decides(snapshot, line):
                yield Unread(definition.path, definition.line, f"the tasks {definition.name} takes are computed")
                break
            yield at(
                of_feature(entry, feature),
                NAME,
                f"{entry.key}/{feature.name}",
                f'"{entry.key}" registers {feature.name}, but {table[0].name} declares no outputs for {feature.task}.',
                f"Add {feature.task} to {table[0].name}.{_TABLES[0]}, or remove the feature.",
            )


def refused(snapshot: Snapshot, definition: python.Class, task: str) -> bool:
    """Whether it is certain that a configuration class declares no outputs for a task."""
    line = lineage.of(snapshot, definition)
    table = line.assigned(*_TABLES)
    tasks = _keys(table[1]) if table else None
    return tasks is not None and task not in tasks and _decides(snapshot, line)


def _keys(value: ast.expr) -> frozenset[str] | None:
    names = [python.text(key) for key in value.keys] if isinstance(value, ast.Dict) else [None]
    return None if None in names else frozenset(name for name in names if name)


def _decides(snapshot: Snapshot, line: Lineage) -> bool:
    """Whether the table alone decides which tasks the class takes."""
    for item in line.classes:
        if lineage.is_root(snapshot, item):
            continue
        source = snapshot.source(item.path)
        nodes = [node for statement in (source.body if source else ()) for node in python.walk(statement)]
        named = [node for node in nodes if _named(node) in _TABLES]
        own = [node for node in named if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
        if len(named) > len(own) or len(own) > 1:  # what is written once in a class's body is the table itself
            return False
        for node in item.node.body:
            if isinstance(node, ast.FunctionDef) and node.name == "__init__" and not _hands_on(node):
                return False
    return True


def _named(node: ast.AST) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def _hands_on(function: ast.FunctionDef) -> bool:
    """Whether an `__init__` gives its own `task` to that of its base."""
    for node in python.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "__init__":
            given = [*node.args[1:2], *(item.value for item in node.keywords if item.arg == "task")]
            if any(isinstance(item, ast.Name) and item.id == "task" for item in given):
                return True
    return False
