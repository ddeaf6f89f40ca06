"""A Python file to be edited: its text, its tree with comments and layout, and where each node stands."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_LINE_BREAK = re.compile(r"\r\n?|\n")
_DEEP = 150
"""Levels of nesting that are edited. libcst takes seconds for a sum of a thousand terms, minutes for ten thousand."""
_WIDTHS = (88, 119)
"""The line lengths that are common: a file with longer lines than the first is held to the second."""


@dataclass(frozen=True)
class CannotEdit:
    """Nothing was edited, and why: one clause, for "... could not be edited: {why}"."""

    why: str


class Splice(NamedTuple):
    """A piece of text in place of another."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Source:
    """One parsed file."""

    text: str
    module: cst.Module
    starts: tuple[int, ...]
    """Where each line begins."""
    positions: Mapping[cst.CSTNode, object]

    @property
    def newline(self) -> str:
        """The line break that most of the file has."""
        return self.module.default_newline

    @property
    def indent(self) -> str:
        """One step of indentation."""
        return self.module.default_indent

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """Where a node begins and ends, without the spaces and comments around it."""
        found = self.positions[node]
        start, end = found.start, found.end  # type: ignore[attr-defined]
        return self.starts[start.line - 1] + start.column, self.starts[end.line - 1] + end.column

    def line_start(self, at: int) -> int:
        """Where the line of a place begins."""
        return max(self.text.rfind("\n", 0, at), self.text.rfind("\r", 0, at)) + 1

    def margin(self, at: int) -> str:
        """The spaces that the line of a place begins with."""
        line = self.text[self.line_start(at) :]
        return line[: len(line) - len(line.lstrip(" \t"))]

    def begins_line(self, at: int) -> bool:
        """Whether nothing but spaces stands before a place on its line."""
        return not self.text[self.line_start(at) : at].strip(" \t")

    def after_line(self, at: int) -> int:
        """Where the line after that of a place begins; the end of the text where there is none."""
        found = _LINE_BREAK.search(self.text, at)
        return found.end() if found else len(self.text)

    @property
    def width(self) -> int:
        """The line length that the file keeps to, as far as one can tell."""
        longest = max(map(len, _LINE_BREAK.split(self.text)))
        return next((width for width in _WIDTHS if longest <= width), _WIDTHS[-1])

    def edited(self, splices: Sequence[Splice]) -> bytes | CannotEdit:
        """The file with pieces replaced, none of which overlap; what goes to one place goes there in this order."""
        parts: list[str] = []
        end = 0
        for splice in sorted(splices, key=lambda splice: splice[:2]):
            if splice.start < end:
                return CannotEdit("two edits concern the same place")
            parts += [self.text[end : splice.start], splice.text]
            end = splice.end
        try:
            content = "".join([*parts, self.text[end:]]).encode(self.module.encoding)
            _parse(content)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return CannotEdit(f"the result would be no valid Python ({type(error).__name__})")
        return content


def parse(content: bytes) -> Source | CannotEdit:
    """Parse a file to edit it; refused is what would not come out as it went in."""
    try:
        if _depth(_parse(content)) > _DEEP:
            return CannotEdit("it is nested too deeply")
        module = cst.parse_module(content)
        text = content.decode(module.encoding)
        same = module.bytes == content and text.encode(module.encoding) == content
        wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
        positions = wrapper.resolve(PositionProvider)
    except (cst.ParserSyntaxError, SyntaxError, ValueError, RecursionError, MemoryError, LookupError) as error:
        return CannotEdit(f"it is no Python that can be edited ({type(error).__name__})")
    if not same:
        return CannotEdit("its line breaks or its encoding would not be kept")
    if not text.strip():
        return CannotEdit("it is empty")
    starts = (0, *(found.end() for found in _LINE_BREAK.finditer(text)))
    return Source(text, wrapper.module, starts, positions)


def _parse(content: bytes) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of strange escapes: the file's own linter says so
        return ast.parse(content)


def _depth(tree: ast.AST) -> int:
    depth, level = 0, [tree]
    while level and depth <= _DEEP:
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        depth += 1
    return depth


def text_of(node: cst.CSTNode | None) -> str | None:
    """The string a literal holds, or None for anything else."""
    if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)):
        value = node.evaluated_value
        return value if isinstance(value, str) else None
    return None


def dotted(node: cst.CSTNode | None) -> str | None:
    """`a.b.c` for a chain of names, or None for anything else."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        above = dotted(node.value)
        return f"{above}.{node.attr.value}" if above else None
    return None


def quote_of(node: cst.CSTNode | None) -> str:
    """The quotation mark a string is written with; double where there is none to go by."""
    return node.quote[0] if isinstance(node, cst.SimpleString) else '"'


def statements(body: Sequence[cst.BaseStatement | cst.BaseSmallStatement]) -> Iterator[cst.CSTNode]:
    """Small statements in order, those inside classes, conditions, `try` and `with` too, not those of functions."""
    for item in body:
        if isinstance(item, cst.SimpleStatementLine):
            yield from item.body
        elif isinstance(item, cst.BaseSmallStatement):
            yield item
        elif not isinstance(item, cst.FunctionDef):
            for block in _blocks(item):
                yield from statements(block.body)


def _blocks(item: cst.CSTNode) -> Iterator[cst.BaseSuite]:
    for child in item.children:
        if isinstance(child, cst.BaseSuite):
            yield child
        elif isinstance(child, (cst.If, cst.Else, cst.ExceptHandler, cst.Finally)):
            yield from _blocks(child)


def assigned(source: Source, names: Sequence[str] | None = None) -> Iterator[tuple[str, cst.BaseExpression]]:
    """The values that the file assigns to names, at its top and in classes; only those of `names` where given."""
    for node in statements(source.module.body):
        if isinstance(node, cst.Assign):
            targets = [item.target for item in node.targets]
        elif isinstance(node, cst.AnnAssign):
            targets = [node.target]
        else:
            continue
        for target in targets:
            name = dotted(target)
            if name and node.value is not None and (names is None or name in names):
                yield name, node.value
