"""A tree with some files changed in memory: what a fix would make of it, before anything is written."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transformers_export.source.tree import Object, Tree


class Overlay:
    """A tree in which some files have another content; None where one is deleted."""

    def __init__(self, below: Tree, files: Mapping[str, bytes | None]) -> None:
        self.root = below.root
        self.label = "the changed tree"
        self._below = below
        self._files = dict(files)

    def read(self, path: str) -> bytes | None:
        """See `Tree`."""
        return self._files[path] if path in self._files else self._below.read(path)

    def exists(self, path: str) -> bool:
        """See `Tree`."""
        return self.read(path) is not None

    def paths(self) -> Sequence[str]:
        """See `Tree`."""
        kept = (path for path in self._below.paths() if path not in self._files)
        return tuple(sorted({*kept, *(path for path, content in self._files.items() if content is not None)}))

    def search(self, texts: Sequence[str], *patterns: str) -> Sequence[str]:
        """See `Tree`."""
        found = {path for path in self._below.search(texts, *patterns) if path not in self._files}
        for path, content in self._files.items():
            named = not patterns or any(fnmatchcase(path, pattern) for pattern in patterns)
            if named and content is not None and any(text.encode() in content for text in texts):
                found.add(path)
        return tuple(sorted(found))

    def blob(self, path: str) -> str | None:
        """Not known of what no commit holds."""
        raise NotImplementedError(f"{path} is not in git like this, so it has no object id")

    def objects(self) -> Mapping[str, Object]:
        """Not known either."""
        raise NotImplementedError("What lies over a tree is not in git like this, so it has no object ids")
