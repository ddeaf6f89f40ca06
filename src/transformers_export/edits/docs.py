"""The docs list of architectures: a name more."""

from __future__ import annotations

import re

from transformers_export.edits.sequence import place
from transformers_export.edits.source import CannotEdit

_LINE = re.compile(rb"([^\r\n]*)(\r\n|\r|\n|\Z)")
_ITEM = re.compile(r"(\s*[-*+] )(\S.*?)(\s*)")


def add_name(content: bytes, line: int, name: str) -> bytes | CannotEdit:
    """Name a model in a list, in order where the list is sorted.

    Args:
        content: the page, in Markdown or reStructuredText, in UTF-8.
        line: where the list begins.
        name: the model as readers know it.
    """
    lines = [found for found in _LINE.finditer(content) if found[0]]
    if not 0 < line <= len(lines):
        return CannotEdit(f"it has no line {line}")
    items: list[re.Match[str]] = []
    for found in lines[line - 1 :]:
        try:
            item = _ITEM.fullmatch(found[1].decode())
        except UnicodeDecodeError:
            return CannotEdit("it is not in UTF-8")
        if item is None:
            break
        items.append(item)
    if not items or any(item[2].startswith(("[", "|", "`", "<", "*")) for item in items):
        return CannotEdit("its list holds more than names")
    index = place([item[2] for item in items], name)
    above = lines[line - 2 + index] if index else None
    new = f"{items[max(index - 1, 0)][1]}{name}".encode()
    newline = lines[line - 1][2] or b"\n"
    if above is None:
        at = lines[line - 1].start()
        return content[:at] + new + newline + content[at:]
    if not above[2]:
        return content + newline + new
    return content[: above.end()] + new + newline + content[above.end() :]
