"""What changed: the files of a pull request, of a commit about to be made, or those the caller names.

Which of them matter is decided in `cases/plan.py` and `rules/`; here is only what git says.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, NamedTuple

from transformers_export.source import git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from _typeshed import StrPath

Status = Literal["added", "modified", "deleted", "renamed"]
_STATUS: dict[str, Status] = {"A": "added", "C": "added", "D": "deleted", "R": "renamed"}

_UNKNOWN = (0, 1, 128)
"""How git ends that does not know a revision, or is in no repository."""
_GITLINK = "160000"
"""Git's mode of a submodule."""


class ChangesError(Exception):
    """What changed cannot be said. The message says why and what to do."""


class ChangedFile(NamedTuple):
    """One changed file; paths are relative to the project's root."""

    path: str
    status: Status
    old_path: str | None = None
    """Where a renamed file was before."""
    submodule: bool = False
    """Whether it is the commit of another repository, whose files are not here."""


class Changes(NamedTuple):
    """What changed between two states."""

    base: str | None
    """Full SHA of what the change is compared with."""
    head: str | None
    """Full SHA that links point to, or None for what is not committed."""
    files: tuple[ChangedFile, ...]

    @property
    def paths(self) -> frozenset[str]:
        """Every path that is concerned, the old ones of renamed files too."""
        old = (file.old_path for file in self.files if file.old_path)
        return frozenset((*(file.path for file in self.files), *old))


def from_git(
    root: StrPath, base: str, head: str | None = None, *, meanwhile: Callable[[], object] = lambda: None
) -> Changes:
    """Compare with the common ancestor of `base` and `head`.

    Without `head` the working tree is compared (untracked files that git does not ignore included), and links point
    to HEAD. `meanwhile` is called while git looks at the working tree.

    Raises:
        ChangesError: Not a git repository, an unknown revision, or a clone too shallow to hold the base.
    """
    if head is not None:
        ancestor, head_sha = _meeting_point(root, base, head)
        return Changes(ancestor, head_sha, _diff(root, ancestor, head_sha))
    # Both look at every file of the working tree, which takes as long as all the rest.
    others = git.start(root, "ls-files", "-z", "--others", "--exclude-standard")
    try:
        ancestor, head_sha = _meeting_point(root, base, "HEAD")
        changed = git.start(root, *_diff_command(ancestor))
        meanwhile()
        files = _changed(changed.answer())
    except (ChangesError, git.GitError):
        others.answer(_UNKNOWN)
        raise
    added = tuple(ChangedFile(path, "added") for path in git.names(others.answer()))
    return Changes(ancestor, head_sha, files + added)


def _meeting_point(root: StrPath, base: str, head: str) -> tuple[str, str]:
    """The merge-base of two revisions and the full SHA of the second, by one process where all is well."""
    named = git.run(root, "rev-parse", "--revs-only", f"{base}^{{commit}}...{head}^{{commit}}", expected=(0, 128))
    lines = named.decode().split()  # the second revision, the first, and a ^ before each merge-base
    if len(lines) > 2:
        return lines[2].removeprefix("^"), lines[0]
    resolve(root, base)
    resolve(root, head)
    raise ChangesError(_no_ancestor(root, base, head))


def from_index(root: StrPath, *, meanwhile: Callable[[], object] = lambda: None) -> Changes:
    """Compare what is staged with HEAD; before the first commit everything staged is added.

    Raises:
        ChangesError: Not a git repository.
    """
    changed = git.start(root, *_diff_command("--cached", "HEAD"))
    head = git.start(root, *_revision_command("HEAD"))
    meanwhile()
    sha = head.answer(_UNKNOWN)
    if sha:
        return Changes(sha.decode().strip(), None, _changed(changed.answer()))
    changed.answer(_UNKNOWN)
    require_repository(root)
    staged = git.names(git.run(root, "ls-files", "-z", "--cached"))
    return Changes(None, None, tuple(ChangedFile(path, "added") for path in staged))


def from_paths(root: StrPath, paths: Iterable[str | os.PathLike[str]], base: str | None = None) -> Changes:
    """Treat the files that the caller names as changed; a directory stands for the files in it.

    Args:
        root: The project's root; `paths` are relative to it or absolute.
        paths: What is to be treated as changed.
        base: The revision findings are compared with; without one every finding is new.

    Raises:
        ChangesError: A path that does not exist or lies outside the root, or an unknown base.
    """
    files: dict[str, None] = {}
    for path in paths:
        files.update(dict.fromkeys(_below(root, path)))
    return Changes(
        resolve(root, base) if base else None, None, tuple(ChangedFile(path, "modified") for path in sorted(files))
    )


def resolve(root: StrPath, rev: str) -> str:
    """The full SHA of a revision.

    Raises:
        ChangesError: Not a git repository, an unknown revision, or a clone too shallow to hold it.
    """
    found = git.run(root, *_revision_command(rev), expected=_UNKNOWN)
    if found:
        return found.decode().strip()
    require_repository(root)
    if not git.run(root, "rev-list", "--max-count=1", "--all"):
        raise ChangesError(
            f"{root} has no commit yet, so there is no {rev!r} to compare with. Make a first commit, or stage the "
            "files and check those."
        )
    if _is_shallow(root):
        raise ChangesError(
            f"Revision {rev!r} is not in this clone, which is shallow. Complete it with `git fetch --unshallow "
            "origin`, or set `fetch-depth: 0` on actions/checkout."
        )
    raise ChangesError(
        f"Revision {rev!r} is not in this repository: expected a branch, tag or commit that "
        f"`git rev-parse {rev}` finds. Fetch it first, e.g. `git fetch origin {rev}`."
    )


def require_repository(root: StrPath) -> None:
    """Raise `ChangesError` unless `root` lies in the working tree of a git repository."""
    try:
        git.run(root, "rev-parse", "--show-toplevel")
    except (git.GitError, OSError) as error:
        raise ChangesError(
            f"{root} is not in a git repository: what changed is read from git. Run this inside a clone. ({error})"
        ) from error


def map_line(root: StrPath, path: str, line: int, *, from_rev: str, to_rev: str) -> int | None:
    """Where a line of a file in one revision stands in another, e.g. of a merge commit in the head commit.

    Returns None when the line is not in the other revision.
    """
    patch = git.run(root, "diff", "--unified=0", "--no-color", "--no-ext-diff", from_rev, to_rev, "--", path)
    offset = 0
    for old_start, old_count, new_start, new_count in _hunks(patch):
        # A hunk without old lines stands after the line it names.
        first = old_start + (1 if old_count == 0 else 0)
        if line < first:
            break
        if line < first + old_count:
            return None
        offset = new_start + new_count + (1 if new_count == 0 else 0) - first - old_count
    return line + offset


def _hunks(patch: bytes) -> Iterator[tuple[int, int, int, int]]:
    for row in patch.split(b"\n"):
        if row.startswith(b"@@ "):
            old, new = row.split(b" ")[1:3]
            yield (*_range(old), *_range(new))


def _range(written: bytes) -> tuple[int, int]:
    """`-12,3` is three lines from line 12; `-12` is one."""
    start, _, count = written[1:].partition(b",")
    return int(start), int(count) if count else 1


def _revision_command(rev: str) -> tuple[str, ...]:
    return ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}")


def _diff(root: StrPath, *what: str) -> tuple[ChangedFile, ...]:
    return _changed(git.run(root, *_diff_command(*what)))


def _diff_command(*what: str) -> tuple[str, ...]:
    return ("diff", "--raw", "-z", "--find-renames", "--relative", "--no-ext-diff", *what, "--")


def _changed(output: bytes) -> tuple[ChangedFile, ...]:
    fields = iter(git.names(output))
    found: list[ChangedFile] = []
    for entry in fields:  # ":100644 160000 <old id> <new id> M", then the path, or the old one and the new
        before, after, _, _, letter = entry.split(" ")
        status = _STATUS.get(letter[0], "modified")
        submodule = _GITLINK in (before.removeprefix(":"), after)
        first = next(fields)
        if letter[0] in "RC":
            old = first if status == "renamed" else None
            found.append(ChangedFile(next(fields), status, old, submodule))
        else:
            found.append(ChangedFile(first, status, submodule=submodule))
    return tuple(found)


def _below(root: StrPath, path: str | os.PathLike[str]) -> list[str]:
    absolute = os.path.abspath(os.path.join(root, path))  # noqa: PTH100, PTH118 - resolve() follows links out of the root
    relative = os.path.relpath(absolute, root).replace(os.sep, "/")
    if relative.startswith("../"):
        raise ChangesError(f"{path} lies outside the project {root}: name files of the project.")
    if os.path.isdir(absolute):  # noqa: PTH112
        listed = git.run(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", relative)
        return list(git.names(listed))
    if not os.path.exists(absolute):  # noqa: PTH110
        raise ChangesError(f"{path} does not exist in {root}: expected a file or a directory.")
    return [relative]


def _is_shallow(root: StrPath) -> bool:
    return git.run(root, "rev-parse", "--is-shallow-repository").strip() == b"true"


def _no_ancestor(root: StrPath, base: str, head: str) -> str:
    if _is_shallow(root):
        return (
            f"{base!r} and {head!r} have no common commit in this clone, which is shallow. Complete it with "
            "`git fetch --unshallow origin`, or set `fetch-depth: 0` on actions/checkout."
        )
    return f"{base!r} and {head!r} have no common commit: expected two states of one history. Name another base."
