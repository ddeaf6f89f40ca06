"""The git command: the one place that starts it. Which revisions are compared is decided in `changes.py`."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import StrPath

_NO_TARGET = (b"dangling", b"symlink", b"loop", b"notdir")
"""How git begins its answer for a link that leads nowhere, out of the repository, or to itself."""


_SAFE = ("-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit", "-c", "core.hooksPath=/dev/null")
"""Keeps git from starting programs that the repository's own configuration names: its file system monitor, its hooks,
and whatever a bare repository committed as a folder of the work tree would bring."""


class GitError(Exception):
    """Git could not do what was asked; the message is git's own."""


class Started:
    """A git command at work."""

    def __init__(self, root: StrPath, arguments: tuple[str, ...], *, reads: bool = False) -> None:
        self._arguments = arguments
        try:
            self._process = subprocess.Popen(
                ["git", *_SAFE, *arguments],
                cwd=root,
                stdin=subprocess.PIPE if reads else None,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(),
            )
        except FileNotFoundError as error:
            raise GitError(
                f"git could not be started in {root}: {error}. Install git and put it on the PATH."
            ) from error

    def answer(self, expected: tuple[int, ...] = (0,), given: str | None = None) -> bytes:
        """Give it something to read, wait for its end and return what it wrote.

        Raises `GitError` when it ends with a code that is not among `expected`.
        """
        output, message = self._process.communicate(os.fsencode(given) if given is not None else None)
        if self._process.returncode not in expected:
            said = message.decode(errors="replace").strip()
            raise GitError(said or f"git {self._arguments[0]} ended with code {self._process.returncode}")
        return output


def start(root: StrPath, *arguments: str) -> Started:
    """Start one git command in `root`; others and we ourselves work meanwhile.

    Raises `GitError` when git is not installed.
    """
    return Started(root, arguments)


def run(root: StrPath, *arguments: str, expected: tuple[int, ...] = (0,), given: str | None = None) -> bytes:
    """Run one git command in `root`, give it something to read, and return what it wrote.

    Raises `GitError` when git is not installed or ends with a code that is not among `expected`.
    """
    return Started(root, arguments, reads=given is not None).answer(expected, given)


def names(output: bytes) -> tuple[str, ...]:
    """The paths in a list that git separated by NUL."""
    return tuple(os.fsdecode(name) for name in output.split(b"\0") if name)


class Blobs:
    """Reads blobs through one `git cat-file --batch` process, started on the first read.

    Symbolic links of a commit are followed as long as they stay in it; git follows none in the index.
    """

    def __init__(self, root: StrPath) -> None:
        self._root = root
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, name: str) -> tuple[str, bytes] | None:
        """The object id and content of the blob that `name` stands for (`HEAD:./a.py`), or None without one."""
        if "\n" in name:
            return None  # one request is one line
        process = self._started()
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(os.fsencode(name) + b"\n")
        process.stdin.flush()
        header = process.stdout.readline()
        fields = header.split()
        if not fields:
            raise GitError(f"git cat-file ended while reading {name!r} in {self._root}")
        if len(fields) == 2 and fields[0] in _NO_TARGET and fields[1].isdigit():
            process.stdout.read(int(fields[1]) + 1)
            return None
        if len(fields) != 3 or not fields[2].isdigit():
            return None  # "<name> missing"
        content = process.stdout.read(int(fields[2]) + 1)[:-1]
        return (fields[0].decode(), content) if fields[1] == b"blob" else None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                ["git", *_SAFE, "cat-file", "--batch", "--follow-symlinks"],
                cwd=self._root,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
            )
        return self._process

    def close(self) -> None:
        """End the process; a later read starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.communicate()

    def __del__(self) -> None:
        self.close()


def _environment() -> dict[str, str]:
    """Ours, without what would make git speak another language or wait for somebody."""
    return {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
