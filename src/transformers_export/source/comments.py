"""Comments in a file that ignore a rule on their line: `# transformers-export: ignore[rule] why`."""

from __future__ import annotations

import io
import re
import tokenize
from typing import NamedTuple

_COMMENT = re.compile(r"#\s*transformers-export: ignore\[([^\]]*)\][ \t]*(.*)")


class Ignore(NamedTuple):
    """One rule that one comment ignores."""

    rule: str
    path: str
    line: int
    column: int
    reason: str


def ignores(content: bytes, path: str) -> tuple[Ignore, ...]:
    """Every ignore of a file; none of one that is no valid Python."""
    found: list[Ignore] = []
    try:
        for token in tokenize.tokenize(io.BytesIO(content).readline):
            written = _COMMENT.search(token.string) if token.type == tokenize.COMMENT else None
            for rule in written[1].split(",") if written else ():
                place = token.start[0], token.start[1] + 1
                found.append(Ignore(rule.strip(), path, *place, reason=written[2].strip() if written else ""))
    except (SyntaxError, tokenize.TokenError):
        return ()
    return tuple(found)
