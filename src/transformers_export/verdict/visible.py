"""Text in which nothing is hidden. Standard library alone: the terminal output of the static hook needs it too."""

from __future__ import annotations

import re

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that are shown by number: control, format (bidirectional too), surrogates, separators."""

_SUSPECT = re.compile(r"[^\n -~]")


def visible(value: object, *, lines: bool = False) -> str:
    r"""Text in which nothing is hidden: control, bidirectional and other unseen characters are written `\u202e`.

    Newlines become spaces unless `lines`; tabs become spaces.
    """
    text = str(value).replace("\r\n", "\n").replace("\t", "    " if lines else " ")
    if not lines:
        text = text.replace("\n", " ")
    return text if text.isprintable() else _SUSPECT.sub(_shown, text)


def _shown(match: re.Match[str]) -> str:
    import unicodedata  # a table of half a megabyte, for text that is not plain

    character = match[0]
    return f"\\u{ord(character):04x}" if unicodedata.category(character) in _UNSEEN else character
