"""From the command line, the hooks' environment or a prepared file to what is compared with what."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from transformers_export.changes import ChangesError, resolve
from transformers_export.cli.arguments import UsageError
from transformers_export.inspection import CheckOptions, Scope
from transformers_export.source import git

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping

    from _typeshed import StrPath

    from transformers_export.cases.shards import Part

_NO_COMMIT = "0" * 40


class Prepared(NamedTuple):
    """What `prepare` wrote down. Plain data: the steps after it have no token and need none."""

    base: str | None
    """SHA to compare with; None to compare with nothing."""
    head: str
    """SHA that reports link to."""
    merge: str
    """SHA that is checked out: the merge of a pull request, or `head` itself."""
    repository: str
    pull_request: int | None = None

    def encode(self) -> str:
        """Return the file's text."""
        import json

        return json.dumps(self._asdict(), indent=2) + "\n"


def read_prepared(path: str) -> Prepared:
    """Read what `prepare` wrote.

    Raises:
        UsageError: no such file, or another content.
    """
    import json

    from transformers_export.cli.files import read

    try:
        prepared = Prepared(**json.loads(read(path, "what `prepare` wrote")))
    except (ValueError, TypeError) as error:
        raise UsageError(f"Expected what `prepare` wrote in {path}: {error}.") from error
    shas = (prepared.head, prepared.merge, *([prepared.base] if prepared.base is not None else []))
    if not all(isinstance(sha, str) and len(sha) >= 40 and set(sha) <= set("0123456789abcdef") for sha in shas):
        raise UsageError(f"Expected full SHAs as base, head and merge in {path}, got {shas}.")
    return prepared


def check_options(options: Namespace, environ: Mapping[str, str]) -> CheckOptions:
    """Return what a check is told by the command line and, in a hook, by its environment.

    Raises:
        UsageError: options that contradict each other, or a prepared file that cannot be read.
    """
    root = project_root(os.getcwd())  # noqa: PTH109 - pathlib takes longer to import than a file to read
    static = getattr(options, "static", False)
    told = [name for name in ("changes", "hook", "base", "head") if getattr(options, name, None)]
    if {"changes", "hook"} & set(told) and len(told) > 1:
        raise UsageError(f"--{told[0]} and --{told[1]} say different things: expected one of them.")
    if getattr(options, "head", None) and not static:
        raise UsageError("--head reads a revision without a checkout, and cases run in one: add --static.")
    fix = getattr(options, "fix", False)
    if fix and (options.changes or getattr(options, "head", None) or environ.get("PRE_COMMIT_TO_REF")):
        raise UsageError("--fix changes the working tree, and what is checked here is a commit: use --diff.")
    return CheckOptions(
        root=root,
        scope=_scope(options, environ, root),
        static=static,
        everything=options.all,
        strict=getattr(options, "strict", False),
        fixes=getattr(options, "diff", False),
        exporter=options.exporter,
        python=getattr(options, "python", None),
        jobs=getattr(options, "jobs", None),
        opset=options.opset,
        atol=options.atol,
        timeout=options.timeout,
        memory_limit=options.memory_limit,
        shard=_part(getattr(options, "shard", None)),
    )


def _part(written: str | None) -> Part | None:
    if not written:
        return None
    from transformers_export.cases.shards import ShardError, read_part

    try:
        return read_part(written)
    except ShardError as error:
        raise UsageError(str(error)) from error


def project_root(start: str) -> str:
    """Return the nearest folder at or above `start` with a pyproject.toml or a `.git`, else `start` itself."""
    folder = start
    while not any(os.path.exists(f"{folder}{os.sep}{name}") for name in ("pyproject.toml", ".git")):  # noqa: PTH110
        above = os.path.dirname(folder)  # noqa: PTH120
        if above == folder:
            return start
        folder = above
    return folder


def _scope(options: Namespace, environ: Mapping[str, str], root: StrPath) -> Scope:
    named = tuple(os.path.abspath(path) for path in options.paths)  # noqa: PTH100 - links stay what they are
    if options.changes:
        prepared = read_prepared(options.changes)
        return Scope(base=prepared.base, head=prepared.merge, named=named, links_to=prepared.head)
    if options.hook:
        return hook_scope(root, environ, named)
    if getattr(options, "head", None):
        return Scope(base=options.base or f"{options.head}^", head=options.head, named=named)
    # Like a linter: who names files and no revision wants to hear everything about them.
    return Scope(base=options.base or (None if named else "HEAD"), named=named)


def hook_scope(root: StrPath, environ: Mapping[str, str], named: tuple[str, ...]) -> Scope:
    """Return what a hook compares: on push what is pushed with what is there, else the index with HEAD.

    A first push has nothing on the other side: it is compared with where it left the remote's default branch, and
    where there is none with nothing.
    """
    pushed, there = environ.get("PRE_COMMIT_TO_REF"), environ.get("PRE_COMMIT_FROM_REF")
    if not pushed:
        return Scope(staged=True, named=named)
    remote = environ.get("PRE_COMMIT_REMOTE_NAME", "origin")
    for candidate in (there, f"refs/remotes/{remote}/HEAD", f"{remote}/main", f"{remote}/master"):
        if candidate and candidate != _NO_COMMIT and _shares_history(root, candidate, pushed):
            return Scope(base=candidate, head=pushed, named=named)
    return Scope(base=None, head=pushed, named=named)


def _shares_history(root: StrPath, candidate: str, pushed: str) -> bool:
    try:
        resolve(root, candidate)
    except ChangesError:
        return False
    return bool(git.run(root, "merge-base", candidate, pushed, expected=(0, 1)))
