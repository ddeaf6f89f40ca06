"""Asking GitHub's API: connecting, being patient, and saying why it did not work.

PyGithub's own retries are switched off. They wait for a `Retry-After` of an hour in slices, know a rate limit's reset
only of a 403, and cannot know that creating a comment must look for it first; here what is repeated is the caller's
whole operation, which therefore must begin by looking.
"""

from __future__ import annotations

import re
import time
import traceback
from json import JSONDecodeError
from typing import TYPE_CHECKING, TypeVar

from github import Auth, BadAttributeException, Github, GithubException
from github.Requester import Requester
from requests.exceptions import RequestException

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

PATIENCE = 120.0
"""Seconds we wait at most in all; a job that sleeps for an hour costs more than a missing comment."""

ATTEMPTS = 5
TIMEOUT = 30
"""Seconds one request may take."""

_SECONDARY = 60.0
"""What GitHub asks for after a secondary rate limit that names no time."""

_QUERY = re.compile(r"\?[^\s'\")]+")
"""The end of an address, which for a storage is the key to it."""

_HINTS = {
    401: "The token is not valid.",
    403: "The token may only read. Give the job `permissions: pull-requests: write`; pull requests from forks always "
    "get a read-only token, for them comment from a `workflow_run` workflow.",
    404: "The token does not reach this repository or pull request.",
}

_UNLIKE_GITHUB = (BadAttributeException, ValueError, TypeError, AttributeError, LookupError, AssertionError)
"""What PyGithub raises for answers that are not what GitHub sends, such as a proxy's page or half a body."""

_TROUBLE = (GithubException, RequestException, *_UNLIKE_GITHUB)


class RefusedError(Exception):
    """GitHub did not do what it was asked, or we do not ask it; the message says why and what to do."""


def connect(token: str, api_url: str) -> Github:
    """Return a connection. `api_url` is GITHUB_API_URL, which on GitHub Enterprise has a path."""
    return Github(
        auth=Auth.Token(token),
        base_url=api_url,
        timeout=TIMEOUT,
        per_page=100,
        lazy=True,
        retry=None,
        seconds_between_requests=0,  # we read a handful of pages; between writes the second GitHub asks for is kept
    )


def patiently(operation: Callable[[], T], api_url: str, sleep: Callable[[float], None] = time.sleep) -> T:
    """Do `operation`, again where GitHub is slow, overloaded, limits us or breaks off, for `PATIENCE` seconds at most.

    Raises:
        RefusedError: it did not work, and would not by waiting that long.
    """
    left = PATIENCE
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return operation()
        except _TROUBLE as error:
            if isinstance(error, _UNLIKE_GITHUB) and not isinstance(error, RequestException):
                traceback.print_exception(error)  # should it be our own mistake, the log shows it
            wait = wait_after(error, attempt, time.time())
            if wait is None or attempt == ATTEMPTS or wait > left:
                raise RefusedError(explain(error, api_url, wait)) from error
        left -= wait
        sleep(wait)
    raise AssertionError("the last attempt returns or raises")


def wait_after(error: Exception, attempt: int, now: float) -> float | None:
    """Seconds after which the same request may succeed; None where it will not.

    `attempt` counts from 1, `now` is in seconds since 1970, as GitHub's `X-RateLimit-Reset` is.
    """
    backoff = float(2 ** (attempt - 1))
    if isinstance(error, RequestException | JSONDecodeError):  # broken off, perhaps in the middle of an answer
        return backoff
    if not isinstance(error, GithubException):
        return None
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    asked = _asked(headers, now)
    if error.status == 429:
        return asked if asked is not None else backoff
    if error.status == 403:  # a missing permission, or a limit
        return asked if asked is not None else _SECONDARY if _is_limit(error) else None
    return (asked or backoff) if error.status >= 500 else None


def _asked(headers: Mapping[str, str], now: float) -> float | None:
    """What the answer itself asks for."""
    after, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
    if after.isdigit():
        return float(after)
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(float(reset) - now, 0.0) + 1  # it is not clear when in that second it ends
    return None


def _is_limit(error: GithubException) -> bool:
    return Requester.isRateLimitError(_message(error))


def explain(error: Exception, api_url: str, wait: float | None = None) -> str:
    """Say in a sentence or two what happened and what to do."""
    if isinstance(error, RequestException):
        return f"{api_url} could not be reached: {_QUERY.sub('?...', str(error))}"
    if not isinstance(error, GithubException):
        return f"{api_url} answered what GitHub does not: {type(error).__name__}: {str(error)[:200]}"
    message = _message(error)
    said = f"GitHub answered {error.status}" + (f" ({message})" if message else "")
    if error.status in (403, 429) and wait is not None:
        return f"{said} and asks to wait {wait:.0f} seconds, which is longer than we do. Run the job again later."
    return f"{said}. {_HINTS.get(error.status, '')}".strip()


def _message(error: GithubException) -> str:
    data = error.data
    return str(data.get("message", "") if isinstance(data, dict) else data or "")[:500]
