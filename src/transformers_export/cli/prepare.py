"""`transformers-export prepare`: fetch what a check compares and write it down, while there is still a token.

The steps after this one run the pull request's code and get no token, so everything they need from the remote is
brought here. What the event says is read in `github/event.py`; how the commits reach a shallow clone is decided here.
"""

from __future__ import annotations

import base64
import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.changes import ChangesError, require_repository, resolve
from transformers_export.cli.arguments import UsageError
from transformers_export.cli.files import write
from transformers_export.cli.scope import Prepared, project_root
from transformers_export.github.event import Event, EventError, base_of_checkout, read_event
from transformers_export.source import git

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

_REMOTE = "origin"
_DEEPEN = (50, 500, 5000)
"""Commits to add at a time until two states have a common ancestor; then the whole history."""


def run(options: Namespace) -> int:
    """Fetch, and write the changes file."""
    root = project_root(Path.cwd())
    try:
        event = read_event(os.environ)
        require_repository(root)
        checkout = resolve(root, "HEAD")
        base = base_of_checkout(event, checkout, parents(root, checkout))
        with _authorised(event, os.environ.get("GITHUB_TOKEN", "")):
            fetch(root, checkout, base, event.head_sha)
    except (EventError, ChangesError, git.GitError) as error:
        raise UsageError(str(error)) from error
    prepared = Prepared(base, event.head_sha, checkout, event.repository, event.pull_request)
    write(options.changes, prepared.encode())
    print(f"Comparing {checkout} with {base or 'nothing: everything is checked'}; links lead to {event.head_sha}.")
    return 0


def parents(root: Path, commit: str) -> list[str]:
    """Return the parents a commit names, in a shallow clone too, where git's log cuts them off."""
    header, _, _ = git.run(root, "cat-file", "commit", commit).decode(errors="replace").partition("\n\n")
    return [line.removeprefix("parent ") for line in header.splitlines() if line.startswith("parent ")]


def fetch(root: Path, checkout: str, base: str | None, head: str) -> None:
    """Bring `base`, `head` and their common history with the checkout into the clone. Fetches nothing that is there.

    Raises:
        GitError: the remote does not have a commit, or refuses.
        ChangesError: base and checkout have no common history at all.
    """
    missing = [sha for sha in dict.fromkeys((base, head)) if sha is not None and not _has(root, sha)]
    if missing:
        git.run(root, "fetch", "--quiet", "--no-tags", "--depth=1", _REMOTE, *missing)
    if base is None or _related(root, base, checkout):
        return
    for depth in _DEEPEN:
        git.run(root, "fetch", "--quiet", "--no-tags", f"--depth={depth}", _REMOTE, checkout, base)
        if _related(root, base, checkout):
            return
    if git.run(root, "rev-parse", "--is-shallow-repository").strip() == b"true":
        git.run(root, "fetch", "--quiet", "--no-tags", "--unshallow", _REMOTE, checkout, base)
    if not _related(root, base, checkout):
        raise ChangesError(f"{base} and {checkout} have no common commit: there is nothing to compare.")


def _has(root: Path, sha: str) -> bool:
    return bool(git.run(root, "rev-parse", "--verify", "--quiet", f"{sha}^{{commit}}", expected=(0, 1, 128)))


def _related(root: Path, one: str, other: str) -> bool:
    return bool(git.run(root, "merge-base", one, other, expected=(0, 1)))


@contextlib.contextmanager
def _authorised(event: Event, token: str) -> Iterator[None]:
    """Let git use the token for this server, through its environment: never in an argument others can list.

    The empty value first takes back a header that the checkout may have left in the configuration: two are refused.
    """
    if not token:
        yield
        return
    header = "AUTHORIZATION: basic " + base64.b64encode(f"x-access-token:{token}".encode()).decode()
    key = f"http.{event.server_url}/.extraheader"
    added = {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": key,
        "GIT_CONFIG_VALUE_0": "",
        "GIT_CONFIG_KEY_1": key,
        "GIT_CONFIG_VALUE_1": header,
    }
    before = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
