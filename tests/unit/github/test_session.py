"""How long GitHub is waited for, and what is said when it is not."""

from __future__ import annotations

import pytest
from github import GithubException
from requests.exceptions import ConnectionError as BrokenConnection

from transformers_export.github.session import ATTEMPTS, PATIENCE, RefusedError, explain, patiently, wait_after

NOW = 1_800_000_000.0
SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait."}
PRIMARY = {"message": "API rate limit exceeded for installation."}


def reset_in(seconds: float) -> dict[str, str]:
    return {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW + seconds))}


@pytest.mark.parametrize(
    ("status", "data", "headers", "seconds"),
    [
        (500, None, {}, 4),
        (503, None, {"Retry-After": "7"}, 7),
        (429, SECONDARY, {"retry-after": "5"}, 5),
        (429, PRIMARY, reset_in(30), 31),
        (429, {}, {}, 4),
        (403, SECONDARY, {"retry-after": "5"}, 5),
        (403, SECONDARY, {}, 60),
        (403, PRIMARY, reset_in(30), 31),
        (403, PRIMARY, reset_in(-30), 1),
        (403, {"message": "Resource not accessible by integration"}, {}, None),
        (403, {"message": "no"}, {"x-ratelimit-remaining": "99", "x-ratelimit-reset": "1"}, None),
        (401, {"message": "Bad credentials"}, {}, None),
        (404, {"message": "Not Found"}, {}, None),
        (422, {"message": "Validation Failed"}, {}, None),
    ],
)
def test_the_wait_is_what_the_answer_asks_for(status, data, headers, seconds) -> None:
    assert wait_after(GithubException(status, data, headers), 3, NOW) == seconds


def test_a_broken_connection_is_waited_for_longer_each_time() -> None:
    assert [wait_after(BrokenConnection(), attempt, NOW) for attempt in (1, 2, 3)] == [1, 2, 4]


def test_patience_ends() -> None:
    slept: list[float] = []
    asked: list[int] = []

    def fails() -> None:
        asked.append(1)
        raise GithubException(403, SECONDARY, {"Retry-After": "50"})

    with pytest.raises(RefusedError, match="asks to wait 50 seconds"):
        patiently(fails, "https://api.github.example", slept.append)
    assert slept == [50, 50]
    assert sum(slept) <= PATIENCE
    assert len(asked) == 3


def test_attempts_end() -> None:
    slept: list[float] = []

    def fails() -> None:
        raise GithubException(502, None, {})

    with pytest.raises(RefusedError, match="GitHub answered 502"):
        patiently(fails, "https://api.github.example", slept.append)
    assert len(slept) == ATTEMPTS - 1


def test_an_address_that_is_a_key_is_not_shown() -> None:
    error = BrokenConnection("Max retries exceeded with url: /blob/1?sig=secret&se=2 (Caused by ...)")

    assert explain(error, "https://api.github.example") == (
        "https://api.github.example could not be reached: Max retries exceeded with url: /blob/1?... (Caused by ...)"
    )


def test_what_is_no_trouble_of_githubs_passes_through() -> None:
    def mistake() -> None:
        raise RuntimeError("ours")

    with pytest.raises(RuntimeError, match="ours"):
        patiently(mistake, "https://api.github.example")
