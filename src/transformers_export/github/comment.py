"""One comment on a pull request, kept up to date: found again by a hidden marker, edited, never repeated.

What the comment says is the caller's. A comment that cannot be written is a result with its reason, not an exception:
the check has already decided by then, and a token that may only read is what every pull request from a fork gets.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from github import Auth, Github, GithubException, GithubRetry, RateLimitExceededException
from requests.exceptions import RequestException
from urllib3.util import Retry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from github.Issue import Issue
    from github.IssueComment import IssueComment
    from github.NamedUser import NamedUser

PATIENCE = 120
"""Seconds we wait at most for a rate limit to end; a job that sleeps for an hour costs more than a missing comment."""

_ATTEMPTS = 3
_HINTS = {
    401: "The token is not valid.",
    403: "The token may only read. Give the job `permissions: pull-requests: write`; pull requests from forks always "
    "get a read-only token, for them comment from a `workflow_run` workflow.",
    404: "The token does not reach this repository or pull request.",
}


@dataclass(frozen=True)
class CommentResult:
    """What became of the comment. `reason` says why it was not written."""

    action: Literal["created", "updated", "untouched", "skipped", "refused"]
    url: str = ""
    reason: str = ""


def upsert(
    repository: str,
    pull_request: int,
    body: str,
    *,
    token: str,
    api_url: str,
    marker: str,
    create: bool = True,
) -> CommentResult:
    """Create the comment that starts with `marker`, or edit it when its text differs.

    `body` must start with `marker`. With `create=False` an existing comment is kept up to date but none is begun
    (`skipped`). Only a comment of our own is ever edited: one of a bot, or of the user the token belongs to.
    """
    if not body.startswith(marker):
        raise ValueError(f"the comment must start with its marker {marker!r}, it starts with {body[: len(marker)]!r}")
    if not token:
        return CommentResult("refused", reason="There is no token. Pass `token`, which by default is the job's own.")
    with _connect(token, api_url) as api:
        try:
            return _upsert(api, repository, pull_request, body, marker, create=create)
        except GithubException as error:
            return CommentResult("refused", reason=_explain(error))
        except RequestException as error:
            return CommentResult("refused", reason=f"{api_url} could not be reached: {error}")


def _upsert(api: Github, repository: str, number: int, body: str, marker: str, *, create: bool) -> CommentResult:
    issue = api.get_repo(repository).get_issue(number)
    existing = _find(api, issue, marker)
    if existing is not None:
        return _update(existing, body)
    if not create:
        return CommentResult("skipped", reason="There is nothing to say and no earlier comment.")
    return _create(api, issue, body, marker)


def _update(existing: IssueComment, body: str) -> CommentResult:
    if _same(existing.body, body):
        return CommentResult("untouched", existing.html_url)
    existing.edit(body)
    return CommentResult("updated", existing.html_url)


def _create(api: Github, issue: Issue, body: str, marker: str) -> CommentResult:
    """Create it once: after a server error GitHub may or may not have kept it, so we look before we try again."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return CommentResult("created", issue.create_comment(body).html_url)
        except GithubException as error:
            wait = _wait(error)
            if wait is None:
                raise
        time.sleep(wait)
        kept = _find(api, issue, marker)
        if kept is not None:
            return CommentResult("created", kept.html_url)
    return CommentResult("created", issue.create_comment(body).html_url)


def _wait(error: GithubException) -> float | None:
    """Seconds after which the same request may succeed; None where it will not."""
    limited = error.status == 429 or isinstance(error, RateLimitExceededException)
    if not limited and error.status < 500:
        return None
    asked = (error.headers or {}).get("retry-after", "")
    seconds = float(asked) if asked.isdigit() else 1.0
    return seconds if seconds <= PATIENCE else None


def _find(api: Github, issue: Issue, marker: str) -> IssueComment | None:
    """Our oldest comment, over all pages."""
    marked = (comment for comment in issue.get_comments() if (comment.body or "").startswith(marker))
    return _own(api, marked)


def _own(api: Github, comments: Iterable[IssueComment]) -> IssueComment | None:
    """The first that is ours. Anyone can type our marker into a comment; editing that one would put our report
    under a name whose owner could then change it."""
    me = ""
    for comment in comments:
        author = cast("NamedUser | None", comment.user)  # None: a deleted account
        if author is None:
            continue
        if author.type == "Bot":
            return comment
        me = me or _login(api)
        if author.login == me:
            return comment
    return None


def _login(api: Github) -> str:
    try:
        return api.get_user().login
    except GithubException:
        return "github-actions[bot]"  # a job's own token may not ask who it is, and this is who


def _same(left: str | None, right: str) -> bool:
    return (left or "").replace("\r\n", "\n").strip() == right.replace("\r\n", "\n").strip()


def _connect(token: str, api_url: str) -> Github:
    retry: dict[str, Any] = {
        "total": 4,
        "connect": 1,
        "backoff_factor": 1,
        "status_forcelist": [429, *range(500, 600)],
        # PATCH sets the same text again; POST is left to `_create`, which looks before it repeats.
        "allowed_methods": Retry.DEFAULT_ALLOWED_METHODS | {"PATCH"},
        "max_rate_limit_wait": PATIENCE,
        "retry_after_max": PATIENCE,
    }
    return Github(auth=Auth.Token(token), base_url=api_url, per_page=100, lazy=True, retry=GithubRetry(**retry))


def _explain(error: GithubException) -> str:
    message = error.data.get("message", "") if isinstance(error.data, dict) else str(error.data or "")
    said = f"GitHub answered {error.status}" + (f" ({message})" if message else "")
    return f"{said}. {_HINTS.get(error.status, '')}".strip()
