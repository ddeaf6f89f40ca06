"""The event, from payloads cut down to what GitHub documents of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from transformers_export.github.event import Event, EventError, base_of_checkout, read_event

if TYPE_CHECKING:
    from pathlib import Path

A, B, C, MERGE = ("a" * 40, "b" * 40, "c" * 40, "e" * 40)
PULL_REQUEST = {
    "action": "synchronize",
    "number": 7,
    "pull_request": {
        "number": 7,
        "base": {"sha": A, "ref": "main", "repo": {"full_name": "acme/models"}},
        "head": {"sha": B, "ref": "change", "repo": {"full_name": "acme/models"}},
    },
}


def environ(tmp_path: Path, name: str, payload: object) -> dict[str, str]:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(payload), encoding="utf-8")
    return {
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(file),
        "GITHUB_REPOSITORY": "acme/models",
        "GITHUB_SHA": MERGE,
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_API_URL": "https://github.example/api/v3",
        "GITHUB_RUN_ID": "42",
    }


def test_a_pull_request_points_to_its_head_not_to_the_merge(tmp_path: Path) -> None:
    event = read_event(environ(tmp_path, "pull_request", PULL_REQUEST))

    assert event == Event(
        name="pull_request",
        repository="acme/models",
        server_url="https://github.example",
        api_url="https://github.example/api/v3",
        sha=MERGE,
        head_sha=B,
        base_sha=A,
        base_ref="main",
        pull_request=7,
        from_fork=False,
        run_url="https://github.example/acme/models/actions/runs/42",
        run=42,
        attempt=1,
    )


@pytest.mark.parametrize("repo", [{"full_name": "stranger/models"}, None])
def test_a_fork_is_recognised_even_when_it_is_gone(tmp_path: Path, repo: object) -> None:
    payload: dict[str, Any] = json.loads(json.dumps(PULL_REQUEST))
    payload["pull_request"]["head"]["repo"] = repo

    assert read_event(environ(tmp_path, "pull_request", payload)).from_fork


def test_a_push_compares_what_was_with_what_is(tmp_path: Path) -> None:
    event = read_event(environ(tmp_path, "push", {"before": A, "after": B, "ref": "refs/heads/main"}))

    assert (event.base_sha, event.head_sha, event.pull_request) == (A, B, None)


def test_a_new_branch_has_nothing_before_it(tmp_path: Path) -> None:
    assert read_event(environ(tmp_path, "push", {"before": "0" * 40, "after": B})).base_sha is None


def test_a_merge_group_brings_both_ends(tmp_path: Path) -> None:
    payload = {"action": "checks_requested", "merge_group": {"base_sha": A, "head_sha": B}}

    event = read_event(environ(tmp_path, "merge_group", payload))

    assert (event.base_sha, event.head_sha) == (A, B)


def test_a_workflow_run_names_the_run_that_ended_and_nothing_else_of_it(tmp_path: Path) -> None:
    payload = {"action": "completed", "workflow_run": {"id": 7, "head_sha": B, "pull_requests": [{"number": 9}]}}

    event = read_event(environ(tmp_path, "workflow_run", payload) | {"GITHUB_RUN_ATTEMPT": "3"})

    assert (event.triggered_by, event.run, event.attempt) == (7, 42, 3)
    assert (event.pull_request, event.head_sha) == (None, MERGE)


@pytest.mark.parametrize("name", ["workflow_dispatch", "schedule"])
def test_events_without_a_change_compare_with_nothing(tmp_path: Path, name: str) -> None:
    event = read_event(environ(tmp_path, name, {"inputs": None, "schedule": "5 4 * * *"}))

    assert (event.base_sha, event.head_sha) == (None, MERGE)


def test_pull_request_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EventError, match="secrets"):
        read_event(environ(tmp_path, "pull_request_target", PULL_REQUEST))


@pytest.mark.parametrize("name", ["pull_request", "merge_group", "workflow_run"])
def test_a_payload_that_lacks_its_subject_says_so(tmp_path: Path, name: str) -> None:
    with pytest.raises(EventError, match=f"has no `{name}`"):
        read_event(environ(tmp_path, name, {}))


def test_a_payload_of_another_shape_says_where(tmp_path: Path) -> None:
    with pytest.raises(EventError, match=r"\$\.pull_request"):
        read_event(environ(tmp_path, "pull_request", {"pull_request": 7}))


def test_outside_of_actions_the_missing_variable_is_named() -> None:
    with pytest.raises(EventError, match="GITHUB_EVENT_NAME"):
        read_event({})


def test_a_missing_payload_is_named(tmp_path: Path) -> None:
    variables = environ(tmp_path, "push", {}) | {"GITHUB_EVENT_PATH": str(tmp_path / "gone.json")}

    with pytest.raises(EventError, match=r"gone\.json"):
        read_event(variables)


def event_of_pull_request(tmp_path: Path) -> Event:
    return read_event(environ(tmp_path, "pull_request", PULL_REQUEST))


def test_a_merge_checkout_is_compared_with_its_first_parent(tmp_path: Path) -> None:
    assert base_of_checkout(event_of_pull_request(tmp_path), MERGE, [C, B]) == C


def test_a_head_checkout_is_compared_with_the_payloads_base(tmp_path: Path) -> None:
    assert base_of_checkout(event_of_pull_request(tmp_path), B, [C]) == A


def test_a_head_that_is_itself_a_merge_is_no_merge_of_githubs(tmp_path: Path) -> None:
    assert base_of_checkout(event_of_pull_request(tmp_path), B, [C, A]) == A


def test_a_push_of_a_merge_is_compared_with_what_was_pushed_onto(tmp_path: Path) -> None:
    event = read_event(environ(tmp_path, "push", {"before": A, "after": MERGE}))

    assert base_of_checkout(event, MERGE, [C, B]) == A
