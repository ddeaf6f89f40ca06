"""A class more in a file: its text before `__all__` or at the end, its imports where they belong.

Encoding, BOM and line endings stay. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from transformers_export.edits import imports
from transformers_export.edits.source import CannotEdit, Source, Splice, dotted, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True)
class Wanted:
    """A name the class needs, and the module it is imported from: `...onnx`, `collections.abc`."""

    module: str
    name: str


def add_class(content: bytes, text: str, wanted: Sequence[Wanted]) -> bytes | CannotEdit:
    """Add a class and what it imports.

    Args:
        content: the file.
        text: the class, with line feeds, without blank lines around it.
        wanted: what it needs; names the file imports already are left alone.
    """
    for name in wanted:
        added = _with_import(content, name)
        if isinstance(added, CannotEdit):
            return added
        content = added
    source = parse(content)
    return source if isinstance(source, CannotEdit) else source.edited([_class_splice(source, text)])


def new_file(text: str, wanted: Sequence[Wanted], docstring: str) -> bytes:
    """A file of its own for the class."""
    modules = dict.fromkeys(name.module for name in wanted)
    lines = [
        f"from {module} import {', '.join(sorted(name.name for name in wanted if name.module == module))}"
        for module in sorted(modules, key=lambda module: (_rank(module), module))
    ]
    blocks = ["\n".join(line for line in lines if _rank(line.split()[1]) == rank) for rank in range(4)]
    head = "\n\n".join(block for block in blocks if block)
    return f'"""{docstring}"""\n\n{head}\n\n\n{text}'.encode()


def _class_splice(source: Source, text: str) -> Splice:
    newline = source.newline
    text = text.replace("\n", newline)
    last = source.module.body[-1]
    if _assigns_all(last):
        at = source.line_start(source.span(last)[0])
        before = source.text[:at]
        comment = _comment_above(before, newline)
        return Splice(at - comment, at - comment, f"{text}{newline}{newline}")
    end = source.text
    at = len(end.rstrip())
    return Splice(at, len(end), f"{newline * 3}{text}")


def _comment_above(before: str, newline: str) -> int:
    """How long the comment lines directly above are: they belong to what follows."""
    length = 0
    for line in reversed(before.splitlines(keepends=True)):
        if not line.startswith("#"):
            break
        length += len(line)
    return length


def _assigns_all(statement: cst.BaseStatement | cst.BaseSmallStatement) -> bool:
    small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
    return isinstance(small, cst.Assign) and any(dotted(target.target) == "__all__" for target in small.targets)


def _with_import(content: bytes, wanted: Wanted) -> bytes | CannotEdit:
    source = parse(content)
    if isinstance(source, CannotEdit):
        return source
    plain = list(_plain_imports(source))
    if any(wanted.name in _names(node) for node in plain):
        return content
    if any(_module(node) == wanted.module for node in plain):
        splices = imports.with_name(source, wanted.module, wanted.name)
        if splices:
            return source.edited(splices)
    return source.edited([_new_import(source, plain, wanted)])


def _plain_imports(source: Source) -> Iterator[cst.Import | cst.ImportFrom]:
    """The imports at the top of the file that nothing guards: under TYPE_CHECKING a base class is not there."""
    for statement in source.module.body:
        for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
            if isinstance(small, (cst.Import, cst.ImportFrom)):
                yield small


def _names(node: cst.Import | cst.ImportFrom) -> list[str]:
    if isinstance(node.names, cst.ImportStar):
        return []
    return [alias.evaluated_alias or dotted(alias.name) or "" for alias in node.names]


def _module(node: cst.Import | cst.ImportFrom) -> str:
    """As written: `...onnx`; of `import a, b` the first."""
    if isinstance(node, cst.Import):
        return dotted(node.names[0].name) or ""
    return "." * len(node.relative) + (dotted(node.module) or "")


def _rank(module: str) -> int:
    """The block of imports a module belongs to."""
    if module.startswith("."):
        return 3
    if module == "__future__":
        return 0
    return 1 if module.partition(".")[0] in sys.stdlib_module_names else 2


def _order(node: cst.Import | cst.ImportFrom | None, module: str) -> tuple[int, int, int, str]:
    """As isort orders: blocks, `import x` first, more dots first."""
    dots = len(module) - len(module.lstrip("."))
    return _rank(module), int(not isinstance(node, cst.Import)), -dots, module.lower()


def _new_import(source: Source, plain: Sequence[cst.Import | cst.ImportFrom], wanted: Wanted) -> Splice:
    newline = source.newline
    line = f"from {wanted.module} import {wanted.name}{newline}"
    own = _order(None, wanted.module)
    before = [node for node in plain if _order(node, _module(node)) < own]
    if before:
        last = before[-1]
        at = source.after_line(source.span(last)[1])
        gap = newline if _rank(_module(last)) != own[0] else ""
        return Splice(at, at, gap + line)
    if plain:
        first = plain[0]
        at = source.line_start(source.span(first)[0])
        gap = newline if _rank(_module(first)) != own[0] else ""
        return Splice(at, at, line + gap)
    return imports.add(source, line.removesuffix(newline))[0]
