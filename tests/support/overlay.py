"""A tree with some files changed in memory: hundreds of changes to a large repository are checked in seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.static import Checked
from transformers_export.fixing import Fixes, find_fixes
from transformers_export.project import open_project
from transformers_export.rules import catalog
from transformers_export.source.overlay import Overlay
from transformers_export.source.tree import revision

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from transformers_export.source.modules import Parsed

Edits = dict[str, list[tuple[str, str]]]
"""Path to what is replaced in it; every text must be there."""


class Ground:
    """A revision of a repository that changes are laid over; what it parses is kept for all of them."""

    def __init__(self, root: Path, rev: str) -> None:
        self.root = root
        self.tree = revision(root, rev)
        self.parsed: Parsed = {}

    def check(self, files: Mapping[str, bytes | None]) -> Checked:
        """What the static check of a pull request that changes these files comes to."""
        tree = Overlay(self.tree, files)
        project = open_project(self.root, tree, dict(self.parsed))
        head = project.snapshot(tree)
        base = project.base_snapshot(self.tree, head)
        result = catalog.find_all(head, base, frozenset(files), ignore=project.settings.ignore)
        self.parsed.update(
            (key, source) for key, source in head.parsed.items() if key[0].partition(":")[0] not in files
        )
        return Checked(*result, project, head, base, None)

    def fix(self, files: Mapping[str, bytes | None], *, strict: bool = False) -> Fixes:
        """What `--fix` makes of a pull request that changes these files."""
        found = self.check(files)
        ignore = found.project.settings.ignore
        return find_fixes(found.project, found.head, found.base, frozenset(files), ignore=ignore, strict=strict)

    def edited(self, edits: Edits) -> dict[str, bytes | None]:
        """The files with their texts replaced."""
        files: dict[str, bytes | None] = {}
        for path, replacements in edits.items():
            content = (self.tree.read(path) or b"").decode()
            for old, new in replacements:
                assert old in content, f"{path} has no {old!r}"
                content = content.replace(old, new)
            files[path] = content.encode()
        return files
