"""What started this run: read once from the environment and the payload, then passed on as data.

Nothing here runs git. A payload does not say on which commit the checkout stands, so `base_of_checkout` decides it from
the checkout's own parents, which the caller reads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NO_COMMIT = "0" * 40


class EventError(Exception):
    """The environment or the payload is not one this tool can work from; the message says what to do."""


@dataclass(frozen=True)
class Event:
    """One event of GitHub Actions, as far as this tool cares."""

    name: str
    repository: str
    """`owner/name` of the repository the workflow runs in, which is the pull request's base."""
    server_url: str
    api_url: str
    sha: str
    """The commit the workflow runs on: for a pull request the merge of head into base, as GitHub made it."""
    head_sha: str
    """The commit links and annotations point to."""
    base_sha: str | None = None
    """What the payload says to compare with; None for events that compare with nothing and for a new branch."""
    base_ref: str | None = None
    """Branch a pull request goes to."""
    pull_request: int | None = None
    from_fork: bool = False
    run_url: str = ""
    """The run's page, where the job summary is."""
    run: int = 0
    """Number of this workflow run; 0 where it is not said."""
    attempt: int = 1
    triggered_by: int | None = None
    """The workflow run whose end started this one (`workflow_run`)."""


class _Repository(msgspec.Struct):
    full_name: str


class _Side(msgspec.Struct):
    sha: str
    ref: str = ""
    repo: _Repository | None = None
    """None when the fork was deleted."""


class _PullRequest(msgspec.Struct):
    number: int
    base: _Side
    head: _Side


class _MergeGroup(msgspec.Struct):
    base_sha: str
    head_sha: str


class _WorkflowRun(msgspec.Struct):
    id: int


class _Payload(msgspec.Struct):
    pull_request: _PullRequest | None = None
    workflow_run: _WorkflowRun | None = None
    merge_group: _MergeGroup | None = None
    before: str | None = None
    after: str | None = None


def read_event(environ: Mapping[str, str]) -> Event:
    """Read the event of this run.

    Raises `EventError` where a variable is missing, the payload is not what its event promises, or the event is
    `pull_request_target`, which would run the pull request's code with the base's secrets.
    """
    name = _variable(environ, "GITHUB_EVENT_NAME")
    if name == "pull_request_target":
        raise EventError(
            "the event is pull_request_target, which gives the code of a fork this repository's secrets; "
            "use `on: pull_request` for the check, and `on: workflow_run` to comment on pull requests from forks"
        )
    payload = _payload(_variable(environ, "GITHUB_EVENT_PATH"))
    repository = _variable(environ, "GITHUB_REPOSITORY")
    server_url = environ.get("GITHUB_SERVER_URL", "https://github.com").rstrip("/")
    sha = _variable(environ, "GITHUB_SHA")
    run = environ.get("GITHUB_RUN_ID", "")
    plain = Event(
        name=name,
        repository=repository,
        server_url=server_url,
        api_url=environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/"),
        sha=sha,
        head_sha=sha,
        run_url=run_url(server_url, repository, run) if run else "",
        run=int(run) if run.isdigit() else 0,
        attempt=int(attempt) if (attempt := environ.get("GITHUB_RUN_ATTEMPT", "")).isdigit() else 1,
    )
    return _with_payload(plain, payload)


def run_url(server_url: str, repository: str, run: int | str) -> str:
    """Return the page of a workflow run."""
    return f"{server_url}/{repository}/actions/runs/{run}"


def _with_payload(event: Event, payload: _Payload) -> Event:
    if event.name == "pull_request":
        if payload.pull_request is None:
            raise EventError("the event is pull_request but its payload has no `pull_request`")
        return _of_pull_request(event, payload.pull_request)
    if event.name == "merge_group":
        if payload.merge_group is None:
            raise EventError("the event is merge_group but its payload has no `merge_group`")
        return replace(event, base_sha=payload.merge_group.base_sha, head_sha=payload.merge_group.head_sha)
    if event.name == "workflow_run":
        if payload.workflow_run is None:
            raise EventError("the event is workflow_run but its payload has no `workflow_run`")
        return replace(event, triggered_by=payload.workflow_run.id)
    if event.name == "push":
        before = payload.before if payload.before != _NO_COMMIT else None  # a branch that was just made
        return replace(event, base_sha=before, head_sha=payload.after or event.sha)
    return event


def _of_pull_request(event: Event, pull: _PullRequest) -> Event:
    return replace(
        event,
        base_sha=pull.base.sha,
        base_ref=pull.base.ref or None,
        head_sha=pull.head.sha,
        pull_request=pull.number,
        from_fork=pull.head.repo is None or pull.head.repo.full_name != event.repository,
    )


def base_of_checkout(event: Event, checkout: str, parents: Sequence[str]) -> str | None:
    """What a checkout is compared with.

    `checkout` is the commit that is checked out and `parents` are its own, in git's order. When it is the merge GitHub
    made of a pull request the base is its first parent: the payload's base may be older, and everything that landed
    in between would look like this pull request's work.
    """
    is_merge = event.pull_request is not None and len(parents) == 2 and checkout == event.sha
    return parents[0] if is_merge else event.base_sha


def _variable(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise EventError(f"{name} is not set: this command runs inside GitHub Actions, which sets it")
    return value


def _payload(path: str) -> _Payload:
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=_Payload)
    except OSError as error:
        raise EventError(f"the event's payload {path} could not be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise EventError(f"the event's payload {path} is not what GitHub sends: {error}") from error
