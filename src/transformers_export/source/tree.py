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

    from _typeshed import StrPath

_LINK, _FILE = "120000 ", "100"
"""Git's mode of a symbolic link; how those of files begin."""
_AS_ON_DISK, _DIFFERS, _MERGED = "H", "C", " 0"
"""How `ls-files -v` marks an entry that git takes for the file on disk, and one that it does not; the stage of all but
the sides of a merge."""
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

    root: StrPath
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


class Local(Tree, Protocol):
    """A tree whose files are on disk, most of them."""

    def is_linked(self, path: str) -> bool:
        """Whether the path is a symbolic link or leads through one."""


def working_tree(root: StrPath, *, untracked: bool = True) -> Local:
    """The files on disk below `root`, which lies in a git repository.

    `untracked` says whether some of them may be new to git: looking for those takes as long as a search itself.
    """
    return _WorkingTree(root, untracked=untracked)


def revision(root: StrPath, rev: str) -> Tree:
    """The files of one commit, read from git without a checkout."""
    return _Commit(root, rev)


def index(root: StrPath) -> Local:
    """The files as they are staged: what the next commit will hold."""
    return _Index(root)


def before(now: Local, rev: str, changed: frozenset[str]) -> Tree:
    """A commit from which `now` differs in the `changed` files alone: the others are read where they are at hand."""
    return _Before(now.root, rev, now, changed)


class _WorkingTree:
    def __init__(self, root: StrPath, *, untracked: bool) -> None:
        self.root = root
        self.label = "the working tree"
        self._where = ["--untracked"] if untracked else []
        self._prefix = str(root) + os.sep
        self._linked: dict[str, bool] = {"": False}
        self._searched: dict[tuple[str, ...], Sequence[str]] = {}

    def read(self, path: str) -> bytes | None:
        return read_file(self._prefix + path)

    def exists(self, path: str) -> bool:
        return os.path.isfile(self._prefix + path)  # noqa: PTH113

    def is_linked(self, path: str) -> bool:
        folder = path.rpartition("/")[0]
        if folder not in self._linked:
            self._linked[folder] = self.is_linked(folder)
        return self._linked[folder] or self._is_link(path)

    def paths(self) -> Sequence[str]:
        return self._paths

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        listed = git.names(git.run(self.root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"))
        return tuple(sorted({path for path in listed if self.exists(path)}))

    def _is_link(self, path: str) -> bool:
        return os.path.islink(self._prefix + path)  # noqa: PTH114

    def search(self, texts: Sequence[str], *patterns: str) -> Sequence[str]:
        key = (*texts, "", *patterns)
        if key not in self._searched:
            self._searched[key] = _search(self.root, texts, self._where, patterns)
        return self._searched[key]

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


class _Index:
    """What is staged. Where that is also on disk it is read from there, which takes git a tenth as long."""

    def __init__(self, root: StrPath) -> None:
        self.root = root
        self.label = "the index"
        self._prefix = str(root) + os.sep
        self._blobs = git.Blobs(root)
        self._searched: dict[tuple[str, ...], Sequence[str]] = {}

    @cached_property
    def _said(self) -> dict[str, str]:
        """Of every path what `ls-files -v --stage` says of it: tag, mode, id, stage; C for what differs on disk."""
        listed = git.run(self.root, "ls-files", "-z", "-v", "--cached", "--stage", "--modified")
        found: dict[str, str] = {}
        for entry in git.names(listed):
            said, _, path = entry.partition("\t")
            if path not in found or said[0] == _DIFFERS:
                found[path] = said
        return found

    @cached_property
    def _links(self) -> frozenset[str]:
        return frozenset(path for path, said in self._said.items() if said.startswith(_LINK, 2))

    def read(self, path: str) -> bytes | None:
        said = self._file(path)
        if said is None:
            return None
        content = read_file(self._prefix + path) if said[0] == _AS_ON_DISK else None
        if content is not None:
            return content
        found = self._blobs.read(said.split(" ")[2])
        return found[1] if found else None

    def exists(self, path: str) -> bool:
        return self._file(path) is not None

    def blob(self, path: str) -> str | None:
        said = self._file(path)
        return said.split(" ")[2] if said else None

    def _file(self, path: str) -> str | None:
        """What is said of the file that a path leads to."""
        target = self._followed(path)
        said = self._said.get(target, "") if target else ""
        return said if said.startswith(_FILE, 2) and said.endswith(_MERGED) else None

    def _followed(self, path: str) -> str | None:
        """Where a path leads through symbolic links, or None when it leads out of the root or nowhere."""
        for _ in range(_DEEP):
            link = self._first_link(path)
            if link is None:
                return path
            target = os.fsdecode((self._blobs.read(self._said[link].split(" ")[2]) or ("", b""))[1])
            path = posixpath.normpath(posixpath.join(posixpath.dirname(link), target) + path[len(link) :])
            if path.startswith(("/", "..")):
                return None
        return None

    def _first_link(self, path: str) -> str | None:
        parts = path.split("/") if self._links else []
        heads = ("/".join(parts[: count + 1]) for count in range(len(parts)))
        return next((head for head in heads if head in self._links), None)

    def is_linked(self, path: str) -> bool:
        return self._first_link(path) is not None

    def paths(self) -> Sequence[str]:
        return self._paths

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        return tuple(sorted(self._said))

    def objects(self) -> Mapping[str, Object]:
        return {path: _object(*said.split(" ")[1:]) for path, said in self._said.items()}

    def search(self, texts: Sequence[str], *patterns: str) -> Sequence[str]:
        key = (*texts, "", *patterns)
        if key not in self._searched:
            staged = all(said[0] == _AS_ON_DISK for said in self._said.values())
            self._searched[key] = _search(self.root, texts, [] if staged else ["--cached"], patterns)
        return self._searched[key]


class _Commit:
    def __init__(self, root: StrPath, rev: str) -> None:
        self.root = root
        self.label = rev
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
            self._known[path] = self._blobs.read(f"{self.label}:./{path}")
        return self._known[path]

    def paths(self) -> Sequence[str]:
        return self._paths

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        listed = git.names(git.run(self.root, "ls-tree", "-r", "-z", "--name-only", self.label))
        return tuple(sorted(set(listed)))

    def objects(self) -> Mapping[str, Object]:
        return dict(_entries(git.run(self.root, "ls-tree", "-r", "-z", self.label)))

    def search(self, texts: Sequence[str], *patterns: str) -> Sequence[str]:
        found = _search(self.root, texts, [self.label], patterns)
        return tuple(name.removeprefix(self.label + ":") for name in found)


class _Before(_Commit):
    def __init__(self, root: StrPath, rev: str, now: Local, changed: frozenset[str]) -> None:
        super().__init__(root, rev)
        self._now = now
        self._changed = changed

    def _is_same(self, path: str) -> bool:
        return path not in self._changed and not self._now.is_linked(path)

    def read(self, path: str) -> bytes | None:
        return self._now.read(path) if self._is_same(path) else super().read(path)

    def exists(self, path: str) -> bool:
        return self._now.exists(path) if self._is_same(path) else super().exists(path)

    def search(self, texts: Sequence[str], *patterns: str) -> Sequence[str]:
        if any(path.endswith(".py") for path in self._changed):
            return super().search(texts, *patterns)
        return self._now.search(texts, *patterns)


def read_file(path: str) -> bytes | None:
    """The content of a file on disk, or None when there is no such file."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - hundreds of reads in a tenth of a second
            return file.read()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link to itself
            return None
        raise


def _entries(output: bytes) -> Iterator[tuple[str, Object]]:
    """The lines of `ls-tree` (mode, type, id) and `ls-files --stage` (mode, id, stage), each followed by a path."""
    for entry in git.names(output):
        said, _, path = entry.partition("\t")
        yield path, _object(*said.split(" "))


def _object(mode: str, second: str, third: str) -> Object:
    return Object(third if len(third) > 1 else second, is_file=mode.startswith(_FILE))


_NEEDLE = 200


def _search(root: StrPath, texts: Sequence[str], where: list[str], patterns: Sequence[str]) -> tuple[str, ...]:
    if not texts:
        return ()
    # git takes no endless pattern; the beginning of one finds every file the whole of it is in
    needles = [argument for text in texts for argument in ("-e", text[:_NEEDLE])]
    # -a: attributes such as `*.py -diff` make git call Python binary, and would hide it.
    command = ["grep", "-l", "-z", "-a", "-F", *needles, *where, "--", *patterns]
    return tuple(sorted(git.names(git.run(root, *command, expected=(0, 1)))))
