"""A tree with some files changed in memory: hundreds of changes to a large repository are checked in seconds."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from support.static import Checked
from transformers_export.project import open_project
from transformers_export.rules import catalog
from transformers_export.source.tree import revision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from transformers_export.source.modules import Parsed
    from transformers_export.source.tree import Tree

Edits = dict[str, list[tuple[str, str]]]
"""Path to what is replaced in it; every text must be there."""


class Overlay:
    """A tree in which some files have another content; None where one is deleted."""

    def __init__(self, below: Tree, files: Mapping[str, bytes | None]) -> None:
        self.root = below.root
        self.label = "the changed tree"
        self._below = below
        self._files = dict(files)

    def read(self, path: str) -> bytes | None:
        return self._files[path] if path in self._files else self._below.read(path)

    def exists(self, path: str) -> bool:
        return self.read(path) is not None

    def paths(self) -> Sequence[str]:
        kept = (path for path in self._below.paths() if path not in self._files)
        return tuple(sorted({*kept, *(path for path, content in self._files.items() if content is not None)}))

    def search(self, texts: Sequence[str], *patterns: str) -> Sequence[str]:
        found = {path for path in self._below.search(texts, *patterns) if path not in self._files}
        for path, content in self._files.items():
            named = not patterns or any(fnmatchcase(path, pattern) for pattern in patterns)
            if named and content is not None and any(text.encode() in content for text in texts):
                found.add(path)
        return tuple(sorted(found))

    def blob(self, path: str) -> str | None:
        raise NotImplementedError(f"no rule asks for the object id of {path}")


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
