"""`comment` against a stateful GitHub, and one that fails in each way GitHub fails.

Whatever happens there is at most one comment of ours afterwards, it says the right thing or a warning says why not, and
the exit code is that of the settings.
"""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support import github_api
from support.front_door import breaks_off, loses, meanwhile, refuses
from transformers_export.cli import main
from transformers_export.report.render import MARKER
from transformers_export.verdict.schema import encode
from transformers_export.verdict.types import CaseError, CaseResult, NotChecked, Tool, Verdict

if TYPE_CHECKING:
    from support.front_door import Answer, FrontDoor

TOOL = Tool("transformers-export", "0.1.0")
GREEN = Verdict(TOOL, "success", cases=(CaseResult("m", "f", "onnx", "dynamo", "passed"),))
RED = Verdict(TOOL, "failure", cases=(CaseResult("m", "f", "onnx", "dynamo", "failed", cause="change"),))
NOTHING = Verdict(TOOL, "success")
LIMIT = "You have exceeded a secondary rate limit"


@pytest.fixture(autouse=True)
def workflow(door: FrontDoor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a workflow run for the pull request; the folder is the test's own."""
    pull = {"number": door.pull_request, "base": {"sha": "a" * 40}, "head": {"sha": door.behind.head}}
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": pull}))
    for name, value in {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_REPOSITORY": door.repository,
        "GITHUB_SHA": "c" * 40,
        "GITHUB_API_URL": door.url,
        "GITHUB_SERVER_URL": door.root,
        "GITHUB_TOKEN": github_api.TOKEN,
        "GITHUB_RUN_ID": "42",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


def comment(verdict: Verdict, *more: str) -> int:
    Path("verdict.json").write_bytes(encode(verdict))
    return main(["comment", "verdict.json", "--if-missing", "x", *more])


def ours(door: FrontDoor) -> list[str]:
    return [comment["body"] for comment in door.behind.comments() if comment["body"].startswith(MARKER)]


def test_a_verdict_no_report_can_be_made_of_replaces_the_old_comment(door, monkeypatch):
    monkeypatch.setattr("transformers_export.report.view.figures.size", lambda count: 1 // 0)
    door.behind.add_comment(f"{MARKER}\nall green")
    assert comment(GREEN) == 0
    (written,) = ours(door)
    assert "No report can be made of the verdict" in written
    assert " red=1 " in written.splitlines()[1]


def test_a_verdict_of_another_commit_replaces_the_old_comment(door):
    door.behind.add_comment(f"{MARKER}\nall green")
    comment(replace(GREEN, head="d" * 40))
    (written,) = ours(door)
    assert "a verdict of another commit" in written


def test_a_pull_request_that_only_spoils_the_settings_gets_a_comment(door):
    spoilt = NotChecked("settings", "exporter = 'tf' is none.", blocking=True)
    assert comment(Verdict(TOOL, "failure", not_checked=(spoilt,))) == 0
    (written,) = ours(door)
    assert "exporter = 'tf' is none." in written


@pytest.mark.parametrize(
    ("mode", "verdict", "begun"),
    [
        ("always", NOTHING, True),
        ("on-change", NOTHING, False),
        ("on-change", GREEN, True),
        ("on-failure", GREEN, False),
        ("on-failure", RED, True),
        ("never", RED, False),
    ],
)
def test_the_mode_decides_whether_a_comment_is_begun(door, mode, verdict, begun):
    assert comment(verdict, "--mode", mode) == 0
    assert len(ours(door)) == begun


@pytest.mark.parametrize("mode", ["always", "on-change", "on-failure"])
def test_a_comment_that_is_there_is_kept_up_to_date_and_says_when_all_is_fixed(door, mode, monkeypatch):
    comment(RED)
    for run, verdict, said in (("43", NOTHING, True), ("44", GREEN, True), ("45", RED, False)):
        monkeypatch.setenv("GITHUB_RUN_ID", run)
        assert comment(verdict, "--mode", mode) == 0
        (written,) = ours(door)
        assert ("called wrong is fixed" in written) is said
        assert f"runs/{run}" in written


def test_what_was_never_red_is_not_called_fixed(door, monkeypatch):
    comment(GREEN)
    monkeypatch.setenv("GITHUB_RUN_ID", "43")
    comment(GREEN)
    assert "is fixed" not in ours(door)[0]


def test_an_unchanged_report_is_not_touched(door, capsys):
    comment(GREEN)
    capsys.readouterr()
    assert comment(GREEN) == 0
    assert "comment untouched" in capsys.readouterr().out
    assert door.count("PATCH") == 0


def test_an_older_run_does_not_overwrite_a_newer_one(door, monkeypatch, capsys):
    monkeypatch.setenv("GITHUB_RUN_ID", "43")
    comment(RED)
    monkeypatch.setenv("GITHUB_RUN_ID", "42")
    assert comment(GREEN) == 0
    assert "newer run (43" in capsys.readouterr().out
    assert "### ❌" in ours(door)[0]
    monkeypatch.setenv("GITHUB_RUN_ID", "43")
    monkeypatch.setenv("GITHUB_RUN_ATTEMPT", "2")
    comment(GREEN)
    assert "### ✅" in ours(door)[0]


def test_a_closed_pull_request_is_left_alone(door, capsys):
    comment(RED)
    before = ours(door)
    door.behind.close()
    assert comment(GREEN, "--fail-on-publish-error", "true") == 0
    (said,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("::notice title=No comment")]
    assert said.endswith("::The pull request 1 is closed.")
    assert ours(door) == before


@pytest.mark.parametrize("when", ["/comments", "/pulls/1"])
def test_a_head_that_moved_on_during_the_run_is_left_to_its_own_run(door, capsys, when):
    door.fault("GET", when, meanwhile(door.behind.push))
    assert comment(GREEN) == 0
    assert f"moved on from {json.loads(Path('event.json').read_text())['pull_request']['head']['sha']} to" in (
        capsys.readouterr().out
    )
    assert ours(door) == []


@pytest.mark.parametrize(
    ("method", "path", "answer", "warning"),
    [
        ("GET", "/comments", refuses(401, "Bad credentials"), "401 (Bad credentials). The token is not valid"),
        ("POST", "/comments", refuses(403, "Resource not accessible by integration"), "pull-requests: write"),
        ("GET", "/pulls/1", refuses(404, "Not Found"), "404 (Not Found). The token does not reach"),
        ("POST", "/comments", refuses(422, "Validation Failed"), "422 (Validation Failed)"),
        ("POST", "/comments", refuses(429, LIMIT, Retry_After="3600"), "asks to wait 3600 seconds"),
        ("GET", "/comments", refuses(403, LIMIT, Retry_After="3600"), "asks to wait 3600 seconds"),
    ],
    ids=["401", "403", "404", "422", "429-for-an-hour", "secondary-for-an-hour"],
)
@pytest.mark.parametrize(("strict", "code"), [("false", 0), ("true", 1)])
def test_a_refusal_is_a_warning_unless_told_otherwise(
    door: FrontDoor, capsys, method: str, path: str, answer: Answer, warning: str, strict: str, code: int
):
    door.fault(method, path, answer)
    assert comment(GREEN, "--fail-on-publish-error", strict) == code
    said = capsys.readouterr().out
    assert "::warning title=The report could not be written as a comment" in said
    assert warning in said
    assert ours(door) == []


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("GET", "/comments", refuses(502)),
        ("POST", "/comments", refuses(500)),
        ("POST", "/comments", refuses(429, LIMIT, Retry_After="1")),
        ("GET", "/pulls/1", refuses(403, LIMIT, Retry_After="1")),
        ("GET", "/comments", refuses(429, "API rate limit exceeded", X_RateLimit_Remaining="0", X_RateLimit_Reset="1")),
        ("GET", "/comments", breaks_off),
        ("POST", "/comments", breaks_off),
        ("POST", "/comments", loses(502)),
    ],
    ids=["502-read", "500", "429", "secondary", "reset-of-a-limit", "broken-read", "broken-write", "lost-write"],
)
def test_what_passes_is_waited_for_and_nothing_is_written_twice(
    door: FrontDoor, capsys, method: str, path: str, answer: Answer
):
    door.fault(method, path, answer)
    assert comment(GREEN, "--fail-on-publish-error", "true") == 0
    assert "::warning" not in capsys.readouterr().out
    (written,) = ours(door)
    assert "### ✅" in written


@pytest.mark.parametrize("answer", [refuses(500), breaks_off, loses(502)], ids=["500", "broken", "lost"])
def test_an_update_survives_too(door: FrontDoor, answer: Answer, monkeypatch):
    comment(RED)
    monkeypatch.setenv("GITHUB_RUN_ID", "43")
    door.fault("PATCH", "/comments/" + str(door.behind.comments()[0]["id"]), answer)
    assert comment(GREEN, "--fail-on-publish-error", "true") == 0
    assert "### ✅" in ours(door)[0]


def test_our_comment_is_found_behind_250_others(door, monkeypatch):
    for number in range(250):
        door.behind.add_comment(f"talk {number}")
    comment(RED)
    monkeypatch.setenv("GITHUB_RUN_ID", "43")
    assert comment(GREEN) == 0
    assert (
        "### ✅" in [c["body"] for c in door.behind.call("GET", door.behind.comments_path + "?per_page=100&page=3")][-1]
    )
    assert door.count("POST") == 1


def test_a_comment_that_vanishes_under_our_hands_is_written_again(door, monkeypatch):
    comment(RED)
    monkeypatch.setenv("GITHUB_RUN_ID", "43")
    gone = f"/repos/{door.repository}/issues/comments/{door.behind.comments()[0]['id']}"
    door.fault("PATCH", gone, meanwhile(lambda: door.behind.call("DELETE", gone)))
    assert comment(GREEN, "--fail-on-publish-error", "true") == 0
    assert "### ✅" in ours(door)[0]


def test_of_two_runs_that_begin_at_the_same_time_one_comment_is_left(door, monkeypatch):
    """Both have looked and found none before either writes."""
    looked = threading.Barrier(2, timeout=20)
    for _ in range(2):
        door.fault("POST", "/comments", meanwhile(looked.wait))
    head = door.behind.head
    codes = [publish_in_thread(door, head, run, red) for run, red in ((42, True), (43, False))]
    for thread in codes:
        thread.join()
    (written,) = ours(door)
    assert f"{head} run=43" in written
    assert len(door.behind.comments()) == 1


def publish_in_thread(door: FrontDoor, head: str, run: int, red: bool) -> threading.Thread:
    from transformers_export.github.comment import Draft, Subject, publish
    from transformers_export.github.state import State

    subject = Subject(door.repository, door.pull_request, head, run)
    draft = Draft(f"{MARKER}\n{State(head, run, red=red).line()}\nreport of {run}")
    told = {"token": github_api.TOKEN, "api_url": door.url, "marker": MARKER}
    thread = threading.Thread(target=lambda: publish(subject, lambda _: draft, **told))
    thread.start()
    return thread


def test_duplicates_left_behind_are_removed(door, monkeypatch):
    head = door.behind.head
    for run in (40, 41, 39):
        door.behind.add_comment(f"{MARKER}\n<!-- export-action: head={head} run={run} attempt=1 red=1 mended=0 -->")
    first = door.behind.comments()[0]["id"]
    assert comment(GREEN) == 0
    assert [c["id"] for c in door.behind.comments()] == [first]
    assert "called wrong is fixed" in ours(door)[0]


def test_a_report_of_more_than_70_000_characters_fits(door):
    error = CaseError("ValueError", "too long " * 40, ("src/m.py:1 in forward",) * 4)
    case = CaseResult("m", "f", "onnx", "dynamo", "failed", cause="change", error=error)
    assert len(error.message) * 300 > 70_000
    assert comment(Verdict(TOOL, "failure", cases=(case,) * 300), "--fail-on-publish-error", "true") == 0
    (written,) = ours(door)
    assert len(written) < 65_536
    assert written.splitlines()[1].startswith("<!-- export-action: head=")


@pytest.mark.parametrize("event", ["push", "merge_group", "workflow_dispatch", "schedule"])
def test_other_events_have_no_comment_and_are_no_failure(door, monkeypatch, capsys, event):
    payload = {"before": "a" * 40, "after": "b" * 40, "merge_group": {"base_sha": "a" * 40, "head_sha": "b" * 40}}
    Path("event.json").write_text(json.dumps(payload))
    monkeypatch.setenv("GITHUB_EVENT_NAME", event)
    assert comment(RED, "--fail-on-publish-error", "true") == 0
    assert f"{event} is no pull request: no comment." in capsys.readouterr().out
    assert door.requests == []


def test_without_a_verdict_the_comment_says_so(door):
    assert main(["comment", "none.json", "--if-missing", "The install failed."]) == 0
    assert "The install failed." in ours(door)[0]
