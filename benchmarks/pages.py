"""Sections of a page in docs/ that a benchmark writes, between two comments that name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_section(page: Path, name: str, text: str) -> None:
    """Replace what stands between `<!-- name: begin -->` and `<!-- name: end -->`; added at the end where it is new."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    section = f"{begin}\n{text.strip()}\n{end}"
    before = page.read_text(encoding="utf-8") if page.exists() else ""
    if begin in before:
        head, _, rest = before.partition(begin)
        section = head + section + rest.partition(end)[2]
    else:
        section = f"{before.rstrip()}\n\n{section}\n".lstrip()
    page.write_text(section, encoding="utf-8")
