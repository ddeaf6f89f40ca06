"""What a comment remembers of the run that wrote it: one hidden line of plain values below the marker.

It lets a later run tell whether the comment is newer than itself and whether it once was red. Only what stands in a
comment of our own is ever read; a report's text cannot forge it, as every `<` in it is escaped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(
    r"<!-- export-action: head=([0-9a-f]{40,64}) run=(\d{1,19}) attempt=(\d{1,9}) red=([01]) mended=([01]) -->"
)


@dataclass(frozen=True)
class State:
    """One report, as far as later ones need to know it."""

    head: str
    """Full SHA of the pull request's head it is about."""
    run: int
    """Number of the workflow run that made it; later runs have higher ones."""
    attempt: int = 1
    """Which try of that run."""
    red: bool = False
    mended: bool = False
    """It is not red, and an earlier report on the same pull request was."""

    @property
    def age(self) -> tuple[int, int]:
        """Sorts reports from old to new."""
        return self.run, self.attempt

    def line(self) -> str:
        """Return the hidden line."""
        told = f"head={self.head} run={self.run} attempt={self.attempt} red={self.red:d} mended={self.mended:d}"
        return f"<!-- export-action: {told} -->"


def read_state(body: str | None) -> State | None:
    """Return what the comment remembers; None where it has no such line, or one of another form."""
    lines = (body or "").splitlines()
    found = _LINE.fullmatch(lines[1].strip()) if len(lines) > 1 else None
    if found is None:
        return None
    head, run, attempt, red, mended = found.groups()
    return State(head, int(run), int(attempt), red == "1", mended == "1")
