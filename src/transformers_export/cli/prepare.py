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
from transformers_export.cli.files import leave_verdict, write
from transformers_export.cli.scope import Prepared, project_root
from transformers_export.github.event import Event, EventError, base_of_checkout, read_event
from transformers_export.source import git

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

_REMOTE = "origin"
_DEEPEN = (50, 500, 5000)
"""Commits to add at a time until two states have a common ancestor; then the whole history."""

_ABOUT_A_COMMIT = ("pull_request", "merge_group", "push")
"""Events whose verdict speaks for one commit; the others check what they find."""
_GONE = ("not our ref", "couldn't find remote ref", "no such ref", "unadvertised object")
"""What git says of a commit the remote does not have or give."""


def run(options: Namespace) -> int:
    """Fetch, and write the changes file."""
    root = Path(project_root(os.getcwd()))  # noqa: PTH109
    try:
        event = read_event(os.environ)
        require_repository(root)
        checkout = resolve(root, "HEAD")
        base = base_of_checkout(event, checkout, parents(root, checkout))
        with _authorised(event, os.environ.get("GITHUB_TOKEN", "")):
            base = _still_there(root, event, base)
            fetch(root, checkout, base, event.head_sha)
            require_head(root, event, checkout)
    except (EventError, ChangesError, git.GitError, UsageError) as error:
        leave_verdict(options.instead, str(error))
        raise UsageError(str(error)) from error
    prepared = Prepared(base, event.head_sha, checkout, event.repository, event.pull_request)
    write(options.changes, prepared.encode())
    print(f"Comparing {checkout} with {base or 'nothing: everything is checked'}; links lead to {event.head_sha}.")
    return 0


def require_head(root: Path, event: Event, checkout: str) -> None:
    """Make sure that what is checked out holds what the event is about: another commit's verdict would be green for it.

    Raises:
        UsageError: it does not.
    """
    if event.name not in _ABOUT_A_COMMIT or _holds(root, checkout, event.head_sha):
        return
    for depth in _DEEPEN if _is_shallow(root) else ():
        git.run(root, "fetch", "--quiet", "--no-tags", f"--depth={depth}", _REMOTE, checkout, event.head_sha)
        if _holds(root, checkout, event.head_sha):
            return
    if _is_shallow(root):
        git.run(root, "fetch", "--quiet", "--no-tags", "--unshallow", _REMOTE, checkout, event.head_sha)
        if _holds(root, checkout, event.head_sha):
            return
    raise UsageError(
        f"The checkout stands on {checkout}, which does not contain {event.head_sha}, the commit this {event.name} is "
        "about: its verdict would say nothing of it. Leave out `ref` of actions/checkout, or set it to that commit."
    )


def _still_there(root: Path, event: Event, base: str | None) -> str | None:
    """The base, or None (compare with nothing, check everything) where a forced push took it off the remote."""
    if event.name != "push" or base is None or _has(root, base):
        return base
    try:
        git.run(root, "fetch", "--quiet", "--no-tags", "--depth=1", _REMOTE, base)
    except git.GitError as error:
        if not any(said in str(error) for said in _GONE):
            raise
        print(f"{base}, where the branch was before this push, is not on the remote any more: checking everything.")
        return None
    return base


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
    if _is_shallow(root):
        git.run(root, "fetch", "--quiet", "--no-tags", "--unshallow", _REMOTE, checkout, base)
    if not _related(root, base, checkout):
        raise ChangesError(f"{base} and {checkout} have no common commit: there is nothing to compare.")


def _holds(root: Path, checkout: str, head: str) -> bool:
    """Whether `head` is `checkout` or an ancestor; a merge names it as a parent in a shallow clone too."""
    if head == checkout or head in parents(root, checkout):
        return True
    common = git.run(root, "merge-base", checkout, head, expected=(0, 1))
    return common.decode().strip() == head


def _is_shallow(root: Path) -> bool:
    return git.run(root, "rev-parse", "--is-shallow-repository").strip() == b"true"


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
