"""Putting items into what stands in brackets, and taking them out: literals, arguments, imports.

A new item gets a line of its own where its neighbours have one. Comments above an item stay with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import libcst as cst

from transformers_export.edits.source import Source, Splice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_BREAK = re.compile(r"\r\n?|\n")
_MOSTLY = 0.75
"""The share of neighbours in order from which a list counts as a sorted one: upstream's have slips."""


@dataclass(frozen=True)
class Items:
    """Where the items of a sequence stand, and its brackets."""

    spans: tuple[tuple[int, int], ...]
    open: int
    """Behind the opening bracket."""
    close: int
    """At the closing bracket; where an import has none, its end."""
    bracketed: bool = True


Bracketed = cst.Dict | cst.Set | cst.List | cst.Tuple | cst.Call | cst.ImportFrom


def items_of(source: Source, node: Bracketed) -> Items:
    """The items of an expression, or the names of an import (none of an import of `*`)."""
    start, end = source.span(node)
    if isinstance(node, cst.Call):
        return _items(source, node.args, source.text.index("(", source.span(node.func)[1]) + 1, end - 1)
    if isinstance(node, (cst.Dict, cst.Set, cst.List)):
        return _items(source, node.elements, start + 1, end - 1)
    names = node.elements if isinstance(node, cst.Tuple) else node.names
    listed = [] if isinstance(names, cst.ImportStar) else list(names)
    left, right = (node.lpar[:1], node.rpar[:1]) if isinstance(node, cst.Tuple) else ([node.lpar], [node.rpar])
    if left and right and left[0] and right[0]:
        return _items(source, listed, source.span(left[0])[0] + 1, source.span(right[0])[1] - 1)
    inner = [source.span(item) for item in listed] or [(end, end)]
    return _items(source, listed, inner[0][0], inner[-1][1], bracketed=False)


def _items(source: Source, nodes: Iterable[cst.CSTNode], start: int, end: int, *, bracketed: bool = True) -> Items:
    return Items(tuple(map(source.span, nodes)), start, end, bracketed)


def place(names: Sequence[str], new: str) -> int:
    """Where a name belongs among others: in order where they are mostly sorted, else at the end.

    In order means such that as few names as possible stand on the wrong side, whichever way of sorting fits best.
    """
    best: tuple[float, list[str], str] = (-1.0, [], "")
    for key in _ORDERS:
        keys = [key(name) for name in names]
        pairs = list(pairwise(keys))
        share = sum(one <= other for one, other in pairs) / len(pairs) if pairs else 1.0
        if share > best[0]:
            best = share, keys, key(new)
    share, keys, wanted = best
    if share < _MOSTLY:
        return len(names)
    wrong = [sum(key > wanted for key in keys[:at]) + sum(key < wanted for key in keys[at:]) for at in range(len(keys))]
    wrong.append(sum(key > wanted for key in keys))
    return len(wrong) - 1 - wrong[::-1].index(min(wrong))  # behind an equal one


def _plain(name: str) -> str:
    return name


def _letters(name: str) -> str:
    return re.sub(r"[^0-9a-z]", "", name.lower())


_ORDERS: tuple[Callable[[str], str], ...] = (_plain, str.lower, _letters)


def insert(source: Source, items: Items, index: int, written: Callable[[str, bool], str]) -> list[Splice]:
    """Put an item before the one at `index`, or behind the last.

    Args:
        source: the file.
        items: the sequence.
        index: from 0 to the number of items.
        written: the item's text, told the margin its line has and whether it gets lines of its own. No comma.
    """
    if not items.spans:
        return _into_empty(source, items, written)
    if index < len(items.spans):
        at = items.spans[index][0]
        before = items.spans[index - 1][1] if index else items.open
        line_break = _BREAK.search(source.text, before, at)
        has_comma = index == 0 or (line_break and "," in source.text[before : line_break.start()])
        if line_break and has_comma:
            margin = source.margin(at)
            return [_at(line_break.end(), f"{margin}{written(margin, True)},{source.newline}")]
        return _short(source, items, [_at(at, f"{written(source.margin(at), False)}, ")], index, written)
    return _behind_last(source, items, written)


def _behind_last(source: Source, items: Items, written: Callable[[str, bool], str]) -> list[Splice]:
    start, end = items.spans[-1]
    rest = source.text[end : items.close]
    comma = end + rest.index(",") + 1 if rest.lstrip().startswith(",") else None
    line_break = _BREAK.search(source.text, end, items.close)
    above = items.spans[-2][1] if len(items.spans) > 1 else items.open
    in_lines = source.begins_line(start) and bool(_BREAK.search(source.text, above, start))
    margin = source.margin(start)
    if line_break and in_lines:
        tail = "," if comma else ""
        new = _at(line_break.end(), f"{margin}{written(margin, True)}{tail}{source.newline}")
        return [new] if comma else [_at(end, ","), new]
    if in_lines:
        return [_at(comma or end, f"{'' if comma else ','}{source.newline}{margin}{written(margin, True)}")]
    text = written(margin, False)
    if comma:
        return [_at(comma, f" {text},")]
    return _short(source, items, [_at(end, f", {text}")], len(items.spans), written)


def _into_empty(source: Source, items: Items, written: Callable[[str, bool], str]) -> list[Splice]:
    margin = source.margin(items.open)
    inner = margin + source.indent
    text = f"{source.newline}{inner}{written(inner, True)},{source.newline}{margin}"
    return [Splice(items.open, items.close, text)]


def _short(
    source: Source, items: Items, inline: list[Splice], index: int, written: Callable[[str, bool], str]
) -> list[Splice]:
    """The item on the line of its neighbours, or all on lines of their own where that line gets too long."""
    whole = source.text[items.open : items.close]
    line = source.text[source.line_start(items.open) : source.after_line(items.close)].rstrip("\r\n")
    longer = len(line) + sum(len(splice.text) for splice in inline)
    if _BREAK.search(whole) or "#" in whole or not len(line) <= source.width < longer:
        return inline
    margin = source.margin(items.open)
    inner = margin + source.indent
    texts = [source.text[start:end] for start, end in items.spans]
    texts.insert(index, written(inner, True))
    listed = "".join(f"{inner}{text},{source.newline}" for text in texts)
    opening, closing = ("", "") if items.bracketed else ("(", ")")
    return [Splice(items.open, items.close, f"{opening}{source.newline}{listed}{margin}{closing}")]


def remove(source: Source, items: Items, index: int) -> Splice:
    """Take an item out, with its line where it has one to itself."""
    start, end = items.spans[index]
    following = re.compile(r"[ \t]*(,)?[ \t]*(#[^\r\n]*)?(\r\n?|\n)").match(source.text, end)
    if following and source.begins_line(start):
        return Splice(source.line_start(start), following.end(), "")
    if index + 1 < len(items.spans) and not _BREAK.search(source.text, end, items.spans[index + 1][0]):
        return Splice(start, items.spans[index + 1][0], "")
    if index:
        return Splice(items.spans[index - 1][1], end, "")
    comma = re.compile(r"[ \t]*,[ \t]*").match(source.text, end)
    return Splice(start, comma.end() if comma else end, "")


def _at(place: int, text: str) -> Splice:
    return Splice(place, place, text)
