"""Parts of a large file: its imports and one class, everything else left blank, so that lines keep their numbers.

Modeling files have thousands of lines of which a check needs three signatures; parsing one whole takes as long as all
the rest of a check. Where the cut cannot be trusted there is no excerpt, and the whole file is read.
"""

from __future__ import annotations

import re

from transformers_export.source import python

_IMPORTS = (b"import ", b"from ", b"if ", b"try:", b"except", b"else:", b"elif ", b"finally:", b"with ")
_INSIDE = b" \t\r\n\f#)]}\"'"
"""How lines begin that go on with a statement at the top of a file, or are none."""


def of(content: bytes, path: str, name: str) -> python.Source | None:
    """The file's imports and, if it is there, its class `name`; None where the file must be read whole.

    That is when the class is written twice or not at the start of a line, or what was cut out is no valid Python.
    """
    head = re.compile(rb"class[ \t]+" + re.escape(name.encode()) + rb"\b")
    written = len(head.findall(content))
    at_top = len(re.findall(rb"^" + head.pattern, content, re.MULTILINE))
    if written != at_top or at_top > 1 or b"\f" in content or (not content.isascii() and b"coding" in content[:200]):
        return None
    kept: list[bytes] = []
    keep = False
    for line in content.split(b"\n"):
        if line[:1] and line[:1] not in _INSIDE:
            keep = line.startswith(_IMPORTS) or head.match(line) is not None
        kept.append(line if keep else b"")
    source = python.parse(b"\n".join(kept), path)
    return None if source.unread or (name in source.classes) != bool(at_top) else source
