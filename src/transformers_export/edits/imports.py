"""Imports: one more name imported as its neighbours are, and a module that moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from transformers_export.edits.sequence import insert, items_of, place
from transformers_export.edits.source import CannotEdit, Source, Splice, dotted, parse, statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def replace_module(content: bytes, old: str, new: str) -> bytes | CannotEdit:
    """Import from another module: `from transformers.onnx import X` from `transformers_export.onnx`.

    Args:
        content: the file.
        old: the module, whose submodules are meant too.
        new: what takes its place, with the same names in it.
    """
    source = parse(content)
    if isinstance(source, CannotEdit):
        return source
    splices: list[Splice] = []
    for node in _imports(source):
        found = _moved(source, node, old, new)
        if isinstance(found, CannotEdit):
            return found
        splices += found
    return source.edited(splices) if splices else CannotEdit(f"it does not import {old}")


def _moved(source: Source, node: cst.Import | cst.ImportFrom, old: str, new: str) -> list[Splice] | CannotEdit:
    if isinstance(node, cst.Import):
        names = [alias for alias in node.names if _is_in(dotted(alias.name), old)]
        if any(alias.asname is None for alias in names):
            return CannotEdit(f"the code calls it {old} everywhere")
        return [_replaced(source, alias.name, old, new) for alias in names]
    module = dotted(node.module)
    if node.relative or node.module is None:
        return []
    if _is_in(module, old):
        return [_replaced(source, node.module, old, new)]
    parent, _, child = old.rpartition(".")
    names = list(node.names) if module == parent and not isinstance(node.names, cst.ImportStar) else []
    if not any(dotted(alias.name) == child for alias in names):
        return []
    if len(names) > 1 or new.rpartition(".")[2] != child:
        return CannotEdit(f"{old} is imported together with other names of {parent}")
    return [_replaced(source, node.module, parent, new.rpartition(".")[0])]


def _is_in(module: str | None, package: str) -> bool:
    return module is not None and (module == package or module.startswith(package + "."))


def _replaced(source: Source, node: cst.CSTNode, old: str, new: str) -> Splice:
    start, end = source.span(node)
    return Splice(start, end, new + (dotted(node) or "").removeprefix(old))


def add_like(content: bytes, sibling: str, dotted_name: str, module: str) -> bytes | CannotEdit:
    """`like` on a file; one that imports the class already stays as it is."""
    source = parse(content)
    if isinstance(source, CannotEdit):
        return source
    found = like(source, sibling, dotted_name, module)
    return found if isinstance(found, CannotEdit) else source.edited(found)


def like(source: Source, sibling: str, dotted_name: str, module: str) -> list[Splice] | CannotEdit:
    """Import a class the way the file imports another of its kind.

    Args:
        source: the file.
        sibling: a name the file imports.
        dotted_name: the class to import, e.g. `transformers.models.albert.AlbertOnnxConfig`.
        module: the dotted name of the file itself: what relative imports start from.
    """
    home, _, name = dotted_name.rpartition(".")
    found = [node for node in _imports(source) if isinstance(node, cst.ImportFrom) and sibling in _bound(node)]
    if not found:
        return CannotEdit(f"it does not import {sibling}, by which the import of {name} would go")
    node = found[0]
    if name in bound(source):
        return []
    above = _absolute(node, module)
    if above == home or home.startswith(above + "."):
        return _with_name(source, node, name)
    base = _absolute(node, module, with_name=False)
    if not home.startswith(base + ".") and node.relative:
        return CannotEdit(f"{home} does not lie below {base}")
    written = "." * len(node.relative) + (home.removeprefix(base + ".") if node.relative else home)
    return _new_import(source, found, f"from {written} import {name}")


def _with_name(source: Source, node: cst.ImportFrom, name: str) -> list[Splice]:
    return insert(source, items_of(source, node), place(list(_bound(node)), name), lambda margin, lines: name)


def with_name(source: Source, module: str, name: str) -> list[Splice] | None:
    """Import one more name from a module the file imports names from, written as in `module` (`.configuration_x`).

    Returns:
        The edits, none where the name is imported already; None where nothing is imported from the module.
    """
    for node in _imports(source):
        written = "." * len(node.relative) + (dotted(node.module) or "") if isinstance(node, cst.ImportFrom) else None
        if isinstance(node, cst.ImportFrom) and written == module and _bound(node):
            return [] if name in _bound(node) else _with_name(source, node, name)
    return None


def _new_import(source: Source, like_these: Sequence[cst.ImportFrom], statement: str) -> list[Splice]:
    """A statement among those it resembles, in order where they are."""
    first = like_these[0]
    alike = [node for node in _imports(source) if isinstance(node, cst.ImportFrom) and _is_alike(node, first)]
    spans = [source.span(node) for node in alike]
    margin = source.margin(spans[0][0])
    spans = [(start, end) for start, end in spans if source.begins_line(start) and source.margin(start) == margin]
    index = place([source.text[start:end] for start, end in spans], statement)
    line = f"{margin}{statement}{source.newline}"
    if index == 0:
        at = source.line_start(spans[0][0])
        return [Splice(at, at, line)]
    at = source.after_line(spans[index - 1][1])
    if not source.text[:at].endswith(("\n", "\r")):
        line = source.newline + line.removesuffix(source.newline)
    return [Splice(at, at, line)]


def _is_alike(node: cst.ImportFrom, other: cst.ImportFrom) -> bool:
    parents = [(dotted(each.module) or "").rpartition(".")[0] for each in (node, other)]
    return parents[0] == parents[1] and len(node.relative) == len(other.relative)


def add(source: Source, statement: str) -> list[Splice]:
    """A statement behind the imports at the top of the file, or behind its docstring."""
    at = 0
    for item in source.module.body:
        small = item.body[0] if isinstance(item, cst.SimpleStatementLine) else None
        is_docstring = at == 0 and isinstance(small, cst.Expr) and isinstance(small.value, cst.SimpleString)
        if small is not None and (isinstance(small, (cst.Import, cst.ImportFrom)) or is_docstring):
            at = source.after_line(source.span(small)[1])
            if is_docstring:
                statement = source.newline + statement
    return [Splice(at, at, statement + source.newline)]


def bound(source: Source) -> set[str]:
    """The names that the file imports from modules."""
    return {name for node in _imports(source) if isinstance(node, cst.ImportFrom) for name in _bound(node)}


def _imports(source: Source) -> Iterator[cst.Import | cst.ImportFrom]:
    for node in statements(source.module.body):
        if isinstance(node, (cst.Import, cst.ImportFrom)):
            yield node


def _bound(node: cst.ImportFrom) -> list[str]:
    """The names an import binds."""
    if isinstance(node.names, cst.ImportStar):
        return []
    return [(alias.evaluated_alias or dotted(alias.name) or "") for alias in node.names]


def _absolute(node: cst.ImportFrom, module: str, *, with_name: bool = True) -> str:
    name = (dotted(node.module) or "") if with_name else ""
    if not node.relative:
        return name
    parts = module.split(".")
    above = parts[: len(parts) - len(node.relative)]
    return ".".join([*above, *([name] if name else [])])
