"""Trees of files a check can read: the working tree, a git revision, or what is staged.

Every path is relative to the tree's root with `/` between its parts. What the files mean is for the readers beside
this file.
"""

from __future__ import annotations

import errno
import os
import posixpath
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

from transformers_export.source import git

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_LINK = "120000 "
"""Git's mode of a symbolic link."""
_DEEP = 40
"""How many links are followed, as systems do: more is a circle."""


class Object(NamedTuple):
    """One entry of a tree."""

    id: str
    """Git's object id of the content; of a link that of where it leads, of a submodule its commit."""
    is_file: bool
    """False for a link and for a submodule: their content is elsewhere."""


class Tree(Protocol):
    """One state of a repository's files."""

    root: Path
    label: str
    """How messages call it: `the working tree`, `the index`, or the revision."""

    def read(self, path: str) -> bytes | None:
        """The file's content, or None when there is no such file."""

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""

    def paths(self) -> Sequence[str]:
        """Every file, sorted; files that git ignores are left out."""

    def search(self, texts: Sequence[str], *patterns: str) -> Sequence[str]:
        """The files that contain one of the texts, among those that match git's path patterns (all without one).

        Of a text beyond `_NEEDLE` characters only the beginning is looked for.
        """

    def blob(self, path: str) -> str | None:
        """Git's object id of the file's content, or None when there is no such file."""

    def objects(self) -> Mapping[str, Object]:
        """What git makes of every file that `paths` has: the same content gives the same in any kind of tree."""


def working_tree(root: Path, *, untracked: bool = True) -> Tree:
    """The files on disk below `root`, which lies in a git repository.

    `untracked` says whether some of them may be new to git: looking for those takes as long as a search itself.
    """
    return _WorkingTree(root, untracked=untracked)


def revision(root: Path, rev: str) -> Tree:
    """The files of one commit, read from git without a checkout."""
    return _GitTree(root, rev)


def index(root: Path) -> Tree:
    """The files as they are staged: what the next commit will hold."""
    return _GitTree(root, "")


class _WorkingTree:
    def __init__(self, root: Path, *, untracked: bool) -> None:
        self.root = root
        self.label = "the working tree"
        self._where = ["--untracked"] if untracked else []
        self._prefix = str(root) + os.sep

    def read(self, path: str) -> bytes | None:
        try:
            with open(self._prefix + path, "rb") as file:  # noqa: PTH123 - hundreds of reads in a tenth of a second
                return file.read()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno == errno.ELOOP:  # a link to itself
                return None
            raise

    def exists(self, path: str) -> bool:
        return os.path.isfile(self._prefix + path)  # noqa: PTH113

    def paths(self) -> Sequence[str]:
        return self._paths

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        listed = git.names(git.run(self.root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"))
        return tuple(sorted({path for path in listed if self.exists(path)}))

    def _is_link(self, path: str) -> bool:
        return os.path.islink(self._prefix + path)  # noqa: PTH114

    def search(self, texts: Sequence[str], *patterns: str) -> Sequence[str]:
        return _search(self.root, texts, self._where, patterns)

    def blob(self, path: str) -> str | None:
        if not self.exists(path):
            return None
        return git.run(self.root, "hash-object", "--", path).decode().strip()

    def objects(self) -> Mapping[str, Object]:
        """Git knows what is unchanged since it was staged; only the rest is read."""
        staged = dict(_entries(git.run(self.root, "ls-files", "-z", "--cached", "--stage")))
        listed = git.names(git.run(self.root, "ls-files", "-z", "--modified", "--others", "--exclude-standard"))
        changed = [path for path in dict.fromkeys(listed) if os.path.lexists(self._prefix + path)]
        files = [path for path in changed if self.exists(path) and not self._is_link(path) and "\n" not in path]
        ids = git.run(self.root, "hash-object", "--stdin-paths", given="\n".join(files)).decode().split()
        found = {path: entry for path, entry in staged.items() if os.path.lexists(self._prefix + path)}
        found.update(dict.fromkeys(changed, Object("", is_file=False)))
        found.update({path: Object(name, is_file=True) for path, name in zip(files, ids, strict=True)})
        return found


class _GitTree:
    """A commit, or with an empty name the index."""

    def __init__(self, root: Path, rev: str) -> None:
        self.root = root
        self.label = rev or "the index"
        self._rev = rev
        self._blobs = git.Blobs(root)
        self._known: dict[str, tuple[str, bytes] | None] = {}

    def read(self, path: str) -> bytes | None:
        found = self._blob(path)
        return found[1] if found else None

    def exists(self, path: str) -> bool:
        return self._blob(path) is not None

    def blob(self, path: str) -> str | None:
        found = self._blob(path)
        return found[0] if found else None

    def _blob(self, path: str) -> tuple[str, bytes] | None:
        if path not in self._known:
            # "./" makes git take the path from our root, which may lie below the repository's own.
            target = path if self._rev else self._followed(path)
            self._known[path] = self._blobs.read(f"{self._rev}:./{target}") if target else None
        return self._known[path]

    def _followed(self, path: str) -> str | None:
        """Where a path of the index leads through symbolic links, or None when it leads out of the root or nowhere."""
        for _ in range(_DEEP):
            parts = path.split("/")
            heads = ("/".join(parts[: count + 1]) for count in range(len(parts)))
            link = next((head for head in heads if head in self._links), None)
            if link is None:
                return path
            target = os.fsdecode((self._blobs.read(f":./{link}") or ("", b""))[1])
            path = posixpath.normpath(posixpath.join(posixpath.dirname(link), target) + path[len(link) :])
            if path.startswith(("/", "..")):
                return None
        return None

    @cached_property
    def _links(self) -> frozenset[str]:
        listed = git.names(git.run(self.root, "ls-files", "-z", "--cached", "--stage"))
        return frozenset(entry.partition("\t")[2] for entry in listed if entry.startswith(_LINK))

    def paths(self) -> Sequence[str]:
        return self._paths

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        command = ["ls-tree", "-r", "-z", "--name-only", self._rev] if self._rev else ["ls-files", "-z", "--cached"]
        return tuple(sorted(set(git.names(git.run(self.root, *command)))))

    def objects(self) -> Mapping[str, Object]:
        command = ["ls-tree", "-r", "-z", self._rev] if self._rev else ["ls-files", "-z", "--cached", "--stage"]
        return dict(_entries(git.run(self.root, *command)))

    def search(self, texts: Sequence[str], *patterns: str) -> Sequence[str]:
        if not self._rev:
            return _search(self.root, texts, ["--cached"], patterns)
        found = _search(self.root, texts, [self._rev], patterns)
        return tuple(name.removeprefix(self._rev + ":") for name in found)


def _entries(output: bytes) -> Iterator[tuple[str, Object]]:
    """The lines of `ls-tree` (mode, type, id) and `ls-files --stage` (mode, id, stage), each followed by a path."""
    for entry in git.names(output):
        said, _, path = entry.partition("\t")
        mode, second, third = said.split(" ")
        yield path, Object(third if len(third) > 1 else second, is_file=mode.startswith("100"))


_NEEDLE = 200


def _search(root: Path, texts: Sequence[str], where: list[str], patterns: Sequence[str]) -> tuple[str, ...]:
    if not texts:
        return ()
    # git takes no endless pattern; the beginning of one finds every file the whole of it is in
    needles = [argument for text in texts for argument in ("-e", text[:_NEEDLE])]
    # -a: attributes such as `*.py -diff` make git call Python binary, and would hide it.
    command = ["grep", "-l", "-z", "-a", "-F", *needles, *where, "--", *patterns]
    return tuple(sorted(git.names(git.run(root, *command, expected=(0, 1)))))
