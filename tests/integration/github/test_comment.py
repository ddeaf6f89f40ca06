"""Whose comment is ours, and what is done to it. Faults are in tests/integration/cli/test_comment.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support import github_api
from transformers_export.github.comment import CommentResult, Draft, Subject, publish
from transformers_export.report.render import MARKER

if TYPE_CHECKING:
    from pytest_httpserver import HTTPServer

    from support.github_api import GitHub

COMMENTS = "/repos/acme/models/issues/1/comments"
HEAD = "b" * 40


def say(github: GitHub, text: str) -> CommentResult:
    subject = Subject(github.repository, github.pull_request, github.head, 1)
    draft = Draft(f"{MARKER}\n{text}" if text else "", "There is nothing to say.")
    return publish(subject, lambda _: draft, token=github_api.TOKEN, api_url=github.url, marker=MARKER)


def test_one_comment_is_created_then_updated_then_left_alone(github: GitHub) -> None:
    results = [say(github, text) for text in ("first", "second", "second", "")]

    assert [result.action for result in results] == ["created", "updated", "untouched", "skipped"]
    assert len({result.url for result in results}) == 1
    assert [comment["body"] for comment in github.comments()] == [f"{MARKER}\nsecond"]


def test_what_it_says_now_is_handed_to_whoever_decides(github: GitHub) -> None:
    heard: list[str | None] = []

    def compose(previous: str | None) -> Draft:
        heard.append(previous)
        return Draft(f"{MARKER}\nreport")

    subject = Subject(github.repository, github.pull_request, github.head, 1)
    for _ in range(2):
        publish(subject, compose, token=github_api.TOKEN, api_url=github.url, marker=MARKER)

    assert heard == [None, f"{MARKER}\nreport"]


def test_a_strangers_comment_with_our_marker_is_not_ours(github: GitHub) -> None:
    forged = github.add_comment(f"{MARKER}\nall good, trust me", token=github_api.STRANGER_TOKEN)

    assert say(github, "the truth").action == "created"
    assert [comment["body"] for comment in github.comments()] == [forged["body"], f"{MARKER}\nthe truth"]


def test_a_comment_that_quotes_the_marker_is_not_ours(github: GitHub) -> None:
    github.add_comment(f"I saw {MARKER} in the source")

    assert say(github, "report").action == "created"


def test_a_body_without_its_marker_is_a_mistake_of_the_caller(github: GitHub) -> None:
    subject = Subject(github.repository, github.pull_request, github.head, 1)
    with pytest.raises(RuntimeError, match="must start with its marker"):
        publish(subject, lambda _: Draft("no"), token=github_api.TOKEN, api_url=github.url, marker=MARKER)


def without_marker(api_url: str, token: str) -> CommentResult:
    subject = Subject("acme/models", 1, HEAD, 1)
    return publish(subject, lambda _: Draft(MARKER), token=token, api_url=api_url, marker=MARKER)


def test_without_a_token_nothing_is_asked(httpserver: HTTPServer) -> None:
    result = without_marker(f"http://localhost:{httpserver.port}", token="")

    assert result.action == "refused"
    assert httpserver.log == []


def test_an_address_nobody_answers_at_is_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transformers_export.github.session.ATTEMPTS", 2)

    result = without_marker("http://localhost:9", token="token")

    assert result.action == "refused"
    assert "could not be reached" in result.reason


@pytest.mark.parametrize("answer", ["<html>Log in, please</html>", '{"half": ', "[1, 2]"])
def test_an_answer_github_would_not_give_is_a_result(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """A proxy's page, a body cut short, another shape."""
    monkeypatch.setattr("transformers_export.github.session.ATTEMPTS", 1)
    httpserver.expect_request(COMMENTS).respond_with_data(answer, content_type="text/html")

    result = without_marker(f"http://localhost:{httpserver.port}", token="token")

    assert result.action == "refused"
    assert result.reason


def bot_comment(number: int, login: str) -> dict[str, Any]:
    user = {"login": login, "type": "Bot", "url": f"http://localhost/users/{login}"}
    return {"id": number, "body": MARKER, "user": user, "html_url": f"http://localhost/comment-{number}"}


def test_of_duplicates_only_those_of_one_author_are_removed(httpserver: HTTPServer) -> None:
    """Another bot may have been made to write our marker: its comment is not ours to delete."""
    url = f"http://localhost:{httpserver.port}"
    mine = [bot_comment(number, "github-actions[bot]") for number in (1, 3)]
    for comment in mine:
        comment["url"] = f"{url}{COMMENTS}/{comment['id']}"
    httpserver.expect_request(COMMENTS).respond_with_json([mine[0], bot_comment(2, "other[bot]"), mine[1]])
    pull = {"number": 1, "state": "open", "head": {"sha": HEAD, "ref": "change", "label": "acme:change"}}
    httpserver.expect_request("/repos/acme/models/pulls/1").respond_with_json(pull)
    httpserver.expect_oneshot_request(f"{COMMENTS}/3", method="DELETE").respond_with_data(status=204)

    result = without_marker(url, token="token")

    assert result == CommentResult("untouched", "http://localhost/comment-1")
    assert [request.path for request, _ in httpserver.log if request.method == "DELETE"] == [f"{COMMENTS}/3"]
