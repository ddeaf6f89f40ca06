"""Comments that ignore a rule: one less."""

from __future__ import annotations

import re

from transformers_export.edits.source import CannotEdit, Splice, parse

_IGNORE = re.compile(r"#\s*transformers-export: ignore\[([^\]\r\n]*)\][^\r\n]*")


def remove_ignore(content: bytes, line: int, rule: str) -> bytes | CannotEdit:
    """Take one rule out of the comment `# transformers-export: ignore[...]` of a line; with its last rule it goes."""
    source = parse(content)
    if isinstance(source, CannotEdit):
        return source
    if not 0 < line <= len(source.starts):
        return CannotEdit(f"it has no line {line}")
    start = source.starts[line - 1]
    found = _IGNORE.search(source.text, start, source.after_line(start))
    rules = [item.strip() for item in found[1].split(",")] if found else []
    if found is None or rule not in rules:
        return CannotEdit(f"line {line} has no comment that ignores {rule}")
    rules.remove(rule)
    if rules:
        return source.edited([Splice(*found.span(1), ", ".join(rules))])
    begin = found.start()
    while begin > start and source.text[begin - 1] in " \t":
        begin -= 1
    if begin == start:  # the line held nothing else
        return source.edited([Splice(start, source.after_line(found.end()), "")])
    return source.edited([Splice(begin, found.end(), "")])
