"""What one annotation says. How it reaches GitHub is in `commands.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning", "notice"]


@dataclass(frozen=True)
class Annotation:
    """A remark on the run, at a line of a file where there is one. Lines and columns count from 1."""

    level: Level
    title: str
    message: str
    path: str | None = None
    """Relative to the repository's root, with `/`."""
    line: int | None = None
    column: int | None = None
