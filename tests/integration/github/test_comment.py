"""The sticky comment against a stateful GitHub, and against one that fails in each way GitHub fails."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from werkzeug import Response

from support import github_api
from transformers_export.github.comment import CommentResult, upsert
from transformers_export.report.render import MARKER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_httpserver import HTTPServer
    from werkzeug import Request

COMMENTS = "/repos/acme/models/issues/1/comments"
NONE_YET: list[object] = []


@pytest.fixture
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[github_api.GitHub]:
    with github_api.start(tmp_path_factory.mktemp("github")) as started:
        yield started


def publish(github: github_api.GitHub, text: str, *, create: bool = True) -> CommentResult:
    return upsert(
        github.repository,
        github.pull_request,
        f"{MARKER}\n{text}",
        token=github_api.TOKEN,
        api_url=github.url,
        marker=MARKER,
        create=create,
    )


def test_one_comment_is_created_then_updated_then_left_alone(github: github_api.GitHub) -> None:
    results = [publish(github, text) for text in ("first", "second", "second")]

    assert [result.action for result in results] == ["created", "updated", "untouched"]
    assert len({result.url for result in results}) == 1
    assert [comment["body"] for comment in github.comments()] == [f"{MARKER}\nsecond"]


def test_our_comment_is_found_behind_a_page_of_others(github: github_api.GitHub) -> None:
    for number in range(101):
        github.add_comment(f"talk {number}")
    publish(github, "first")

    assert publish(github, "second").action == "updated"
    assert len(github.call("GET", f"{COMMENTS}?per_page=100&page=2")) == 2


def test_a_strangers_comment_with_our_marker_is_not_ours(github: github_api.GitHub) -> None:
    forged = github.add_comment(f"{MARKER}\nall good, trust me", token=github_api.STRANGER_TOKEN)

    assert publish(github, "the truth").action == "created"
    assert [comment["body"] for comment in github.comments()] == [forged["body"], f"{MARKER}\nthe truth"]


def test_a_comment_that_quotes_the_marker_is_not_ours(github: github_api.GitHub) -> None:
    github.add_comment(f"I saw {MARKER} in the source")

    assert publish(github, "report").action == "created"


def test_nothing_is_begun_without_create_but_an_old_report_is_corrected(github: github_api.GitHub) -> None:
    assert publish(github, "nothing to say", create=False).action == "skipped"
    assert github.comments() == []

    publish(github, "red")
    assert publish(github, "nothing to say", create=False).action == "updated"


def test_a_body_without_its_marker_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="must start with its marker"):
        upsert("acme/models", 1, "no marker", token="t", api_url="http://localhost:1", marker=MARKER)


def to_faulty(server: HTTPServer) -> CommentResult:
    url = f"http://localhost:{server.port}"
    return upsert("acme/models", 1, f"{MARKER}\nreport", token="token", api_url=url, marker=MARKER)


def test_a_token_that_may_only_read_is_a_result_that_says_what_to_do(httpserver: HTTPServer) -> None:
    httpserver.expect_request(COMMENTS, method="GET").respond_with_json(NONE_YET)
    refusal = {"message": "Resource not accessible by integration"}
    httpserver.expect_request(COMMENTS, method="POST").respond_with_json(refusal, status=403)

    result = to_faulty(httpserver)

    assert result.action == "refused"
    assert "403 (Resource not accessible by integration)" in result.reason
    assert "pull-requests: write" in result.reason
    assert len([request for request, _ in httpserver.log if request.method == "POST"]) == 1


@pytest.mark.parametrize(
    ("status", "message"),
    [(401, "Bad credentials"), (404, "Not Found"), (422, "body is too long (maximum is 65536 characters)")],
)
def test_other_refusals_are_results_too(httpserver: HTTPServer, status: int, message: str) -> None:
    httpserver.expect_request(COMMENTS, method="GET").respond_with_json(NONE_YET)
    httpserver.expect_request(COMMENTS, method="POST").respond_with_json({"message": message}, status=status)

    result = to_faulty(httpserver)

    assert result.action == "refused"
    assert f"{status} ({message})" in result.reason


def test_without_a_token_nothing_is_asked(httpserver: HTTPServer) -> None:
    url = f"http://localhost:{httpserver.port}"

    result = upsert("acme/models", 1, MARKER, token="", api_url=url, marker=MARKER)

    assert result.action == "refused"
    assert httpserver.log == []


def test_an_address_nobody_answers_at_is_a_result() -> None:
    result = upsert("acme/models", 1, MARKER, token="token", api_url="http://localhost:9", marker=MARKER)

    assert result.action == "refused"
    assert "could not be reached" in result.reason


def created(_: Request) -> Response:
    body = {"id": 7, "html_url": "http://localhost/comment-7", "body": "x", "user": {"login": "b", "type": "Bot"}}
    return Response(json.dumps(body), status=201, content_type="application/json")


def test_a_rate_limit_is_waited_for_as_long_as_it_says(httpserver: HTTPServer) -> None:
    httpserver.expect_request(COMMENTS, method="GET").respond_with_json(NONE_YET)
    limited = {"message": "You have exceeded a secondary rate limit"}
    httpserver.expect_oneshot_request(COMMENTS, method="POST").respond_with_json(
        limited, status=429, headers={"Retry-After": "2"}
    )
    httpserver.expect_request(COMMENTS, method="POST").respond_with_handler(created)
    started = time.monotonic()

    result = to_faulty(httpserver)

    assert result == CommentResult("created", "http://localhost/comment-7")
    assert time.monotonic() - started >= 2


def test_a_rate_limit_that_lasts_an_hour_is_not_waited_for(httpserver: HTTPServer) -> None:
    httpserver.expect_request(COMMENTS, method="GET").respond_with_json(NONE_YET)
    limited = {"message": "You have exceeded a secondary rate limit"}
    httpserver.expect_request(COMMENTS, method="POST").respond_with_json(
        limited, status=429, headers={"Retry-After": "3600"}
    )

    assert to_faulty(httpserver).action == "refused"


def test_reading_is_retried_after_a_server_error(httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request(COMMENTS, method="GET").respond_with_data("broken", status=502)
    httpserver.expect_request(COMMENTS, method="GET").respond_with_json(NONE_YET)
    httpserver.expect_request(COMMENTS, method="POST").respond_with_handler(created)

    assert to_faulty(httpserver).action == "created"


def test_a_comment_kept_despite_a_server_error_is_not_written_twice(httpserver: HTTPServer) -> None:
    kept = {
        "id": 7,
        "html_url": "http://localhost/comment-7",
        "body": f"{MARKER}\nreport",
        "user": {"login": "github-actions[bot]", "type": "Bot", "url": "http://localhost/users/b"},
    }
    httpserver.expect_oneshot_request(COMMENTS, method="GET").respond_with_json(NONE_YET)
    httpserver.expect_request(COMMENTS, method="GET").respond_with_json([kept])
    httpserver.expect_request(COMMENTS, method="POST").respond_with_data("lost", status=502)

    result = to_faulty(httpserver)

    assert result == CommentResult("created", "http://localhost/comment-7")
    assert len([request for request, _ in httpserver.log if request.method == "POST"]) == 1
