"""`comment --artifact`: a verdict another run has uploaded, on the pull request GitHub says that run was for.

What was uploaded comes from a run that executed code of a stranger: whatever it is, it decides neither where the
comment goes nor what is in it beyond the data of the schema.
"""

from __future__ import annotations

import io
import json
import stat
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support import github_api
from support.front_door import FrontDoor, breaks_off, open_door, refuses
from transformers_export.cli import main
from transformers_export.report.render import MARKER
from transformers_export.verdict.schema import encode
from transformers_export.verdict.types import CaseResult, Finding, Planned, Shard, Tool, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.github_api import GitHub

TOOL = Tool("transformers-export", "0.1.0")
GREEN = Verdict(TOOL, "success", cases=(CaseResult("m", "f", "onnx", "dynamo", "passed"),))
RED = Verdict(TOOL, "failure", cases=(CaseResult("m", "f", "onnx", "dynamo", "failed", cause="change"),))
RUN = 77


@pytest.fixture
def door(
    forked: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[FrontDoor]:
    """GitHub with a pull request from a fork, in the environment of a `workflow_run` workflow."""
    with open_door(forked, getattr(request, "param", "")) as opened:
        (tmp_path / "event.json").write_text(json.dumps({"action": "completed", "workflow_run": {"id": RUN}}))
        for name, value in {
            "GITHUB_EVENT_NAME": "workflow_run",
            "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
            "GITHUB_REPOSITORY": opened.repository,
            "GITHUB_SHA": "c" * 40,
            "GITHUB_API_URL": opened.url,
            "GITHUB_SERVER_URL": opened.root,
            "GITHUB_TOKEN": github_api.TOKEN,
            "GITHUB_RUN_ID": "78",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        yield opened


on_enterprise_too = pytest.mark.parametrize("door", ["", "/api/v3"], indirect=True, ids=["github", "enterprise"])


def packed(
    content: bytes, name: str | zipfile.ZipInfo = "verdict.json", *, method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content, compress_type=method)
    return buffer.getvalue()


def ran(door: FrontDoor, verdict: Verdict | bytes | None, **more: object) -> str:
    """The first stage ran on the pull request's head and left this; returns that head."""
    head = door.behind.head
    if isinstance(verdict, Verdict):
        verdict = packed(encode(replace(verdict, head=verdict.head or head)))
    told = {"head": head, "branch": "change", "repository": door.behind.head_repository, **more}
    door.add_run(RUN, **told)
    if verdict is not None:
        door.add_artifact(RUN, verdict)
    return head


def comment(*more: str) -> int:
    return main(["comment", "--artifact", "export-verdict", *more])


def ours(door: FrontDoor) -> list[str]:
    return [comment["body"] for comment in door.behind.comments() if comment["body"].startswith(MARKER)]


@on_enterprise_too
def test_the_verdict_of_a_fork_is_on_its_pull_request(door):
    head = ran(door, GREEN)
    assert comment("--fail-on-publish-error", "true") == 0
    (written,) = ours(door)
    assert "### ✅ 1 of 1 export verified" in written
    assert f"{door.root}/{door.repository}/actions/runs/{RUN}" in written
    assert f"{door.root}/{door.repository}/commit/{head}" in written
    assert written.splitlines()[1].startswith(f"<!-- export-action: head={head} run={RUN} attempt=1 ")


def test_a_branch_of_the_repository_itself_goes_the_same_way(github, monkeypatch, door):
    with open_door(github) as own:
        monkeypatch.setenv("GITHUB_REPOSITORY", own.repository)
        monkeypatch.setenv("GITHUB_API_URL", own.url)
        ran(own, RED, conclusion="failure")
        assert comment() == 0
        assert "### ❌" in ours(own)[0]


@pytest.mark.parametrize("event", ["push", "merge_group", "schedule", "workflow_dispatch", "pull_request_target"])
def test_a_run_for_another_event_has_no_comment(door, capsys, event):
    ran(door, GREEN, event=event)
    assert comment("--fail-on-publish-error", "true") == 0
    assert f"was for the event {event}, which has no pull request" in capsys.readouterr().out
    assert ours(door) == []


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"head": "d" * 40}, "moved on from " + "d" * 40),
        ({"branch": "another"}, "No pull request has"),
        ({"repository": "acme/models"}, "No pull request has"),
        ({"repository": None}, "does not exist any more"),
    ],
    ids=["older-head", "other-branch", "other-repository", "deleted-fork"],
)
def test_a_run_that_is_not_of_this_pull_request_does_not_comment_on_it(door, capsys, told, said):
    ran(door, GREEN, **told)
    assert comment("--fail-on-publish-error", "true") == 0
    assert said in capsys.readouterr().out
    assert ours(door) == []
    assert not [request for request in door.requests if "artifacts" in request], "nothing of it was looked at"


def test_a_branch_of_that_name_in_another_repository_of_the_same_owner_is_another(door, capsys):
    name = door.repository.replace("acme/", "other-")
    door.behind.call("POST", "/user/repos", {"name": name, "auto_init": True}, token=github_api.STRANGER_TOKEN)
    ran(door, GREEN, repository=f"stranger/{name}")
    assert comment() == 0
    assert "No pull request has" in capsys.readouterr().out
    assert ours(door) == []


def test_which_of_two_pull_requests_with_one_head_a_run_was_for_is_not_guessed(door, capsys):
    asked = {"title": "Again", "head": "stranger:change", "base": "stable"}
    door.behind.call("POST", f"/repos/{door.repository}/pulls", asked)
    ran(door, GREEN)
    assert comment() == 0
    assert "Several open pull requests (" in capsys.readouterr().out
    assert ours(door) == []


def test_a_closed_pull_request_is_left_alone(door, capsys):
    ran(door, GREEN)
    door.behind.close()
    assert comment() == 0
    assert "The pull request 1 is closed" in capsys.readouterr().out
    assert ours(door) == []
    assert not [request for request in door.requests if "artifacts" in request], "nothing of it was looked at"


def test_a_run_that_left_nothing_corrects_an_old_report_and_begins_none(door):
    ran(door, None, conclusion="failure")
    assert comment() == 0
    assert ours(door) == []
    door.behind.add_comment(f"{MARKER}\nall green")
    assert comment() == 0
    assert "failed and left no verdict" in ours(door)[0]


@pytest.mark.parametrize("conclusion", ["cancelled", "skipped", "action_required", "success"])
def test_a_run_that_did_not_fail_and_left_nothing_changes_nothing(door, capsys, conclusion):
    ran(door, None, conclusion=conclusion)
    door.behind.add_comment(f"{MARKER}\nall green")
    assert comment() == 0
    assert "left no artifact export-verdict" in capsys.readouterr().out
    assert ours(door) == [f"{MARKER}\nall green"]


def test_the_newest_artifact_of_that_name_that_is_still_there_counts(door):
    head = ran(door, RED)
    door.add_artifact(RUN, packed(encode(replace(GREEN, head=head))))
    door.add_artifact(RUN, b"", name="other")
    door.add_artifact(RUN, b"", expired=True)
    assert comment() == 0
    assert "### ✅" in ours(door)[0]


def test_a_green_verdict_of_a_run_that_failed_is_called_into_question(door):
    ran(door, GREEN, conclusion="failure")
    assert comment() == 0
    assert "It ended as `failure`, although what it left is green." in ours(door)[0]


def test_the_verdict_of_one_shard_is_not_taken_for_the_whole(door):
    planned = (Planned("m", "f", "onnx", "dynamo"), Planned("m", "g", "onnx", "dynamo"))
    ran(door, replace(GREEN, shard=Shard(1, 2, "a" * 32, planned, (0,))))
    comment()
    (written,) = ours(door)
    assert "The check left the verdict of shard 1 of 2 alone" in written
    assert "✅" not in written


@pytest.mark.parametrize("answer", [refuses(500), breaks_off], ids=["500", "broken"])
@pytest.mark.parametrize("path", ["/actions/runs/77", "/artifacts", "/zip", "/storage/1", "/pulls"])
def test_the_way_to_the_verdict_survives_faults(door, path, answer):
    ran(door, GREEN)
    door.fault("GET", path, answer)
    assert comment("--fail-on-publish-error", "true") == 0
    assert "### ✅" in ours(door)[0]


@pytest.mark.parametrize(("strict", "code"), [("false", 0), ("true", 1)])
@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        ("/actions/runs/77", refuses(404, "Not Found"), "404"),
        ("/zip", refuses(410, "Gone"), "410"),
        ("/zip", refuses(403, "Resource not accessible by integration"), "403"),
    ],
    ids=["no-run", "expired", "no-permission"],
)
def test_a_verdict_that_cannot_be_fetched_is_a_warning_unless_told_otherwise(
    door, capsys, path, answer, said, strict, code
):
    ran(door, GREEN)
    door.fault("GET", path, answer)
    assert comment("--fail-on-publish-error", strict) == code
    out = capsys.readouterr().out
    assert "::warning title=The report could not be written" in out
    assert said in out
    assert ours(door) == []


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("verdict.json")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


DEEP = b'{"schema_version": 1, "tool": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}"
LONG = "".join(map(str, range(1_600_000)))
"""10 MB that are not packed to a bomb."""

HOSTILE = {
    "no-zip": (b"<html>", "BadZipFile"),
    "cut-off": (packed(encode(GREEN))[:-40], "BadZipFile"),
    "bomb": (packed(b" " * 2**25), "for each packed one"),
    "traversal": (packed(encode(GREEN), "../../verdict.json"), "got '../../verdict.json'"),
    "symlink": (packed(b"/proc/self/environ", link()), "says it is 'l'"),
    "deep": (packed(DEEP, method=zipfile.ZIP_STORED), "Expected a verdict"),
    "no-json": (packed(b"\x00\x01"), "Expected a verdict"),
    "missing-field": (packed(b'{"schema_version": 1}'), "missing required field"),
    "quoted-value": (packed(encode(GREEN).replace(b'"success"', b'"@everyone"')), "@everyone"),
}


@pytest.mark.parametrize(("data", "said"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_verdict_is_said_and_nothing_of_it_posted(door, capsys, data, said):
    ran(door, data, conclusion="failure")
    assert comment("--fail-on-publish-error", "true") == 0
    (written,) = ours(door)
    assert "### ❌ The check did not finish" in written
    assert "left something that is no verdict" in written
    assert said in capsys.readouterr().out
    assert said not in written


def test_a_verdict_of_a_newer_schema_says_so(door):
    ran(door, packed(encode(GREEN).replace(b'"schema_version": 1', b'"schema_version": 2')))
    assert comment() == 0
    assert "Expected schema version 1, got 2" in ours(door)[0]


def test_an_artifact_that_is_too_large_is_not_fetched(door, capsys):
    ran(door, None)
    door.add_artifact(RUN, b"", size_in_bytes=2**40)
    assert comment("--fail-on-publish-error", "true") == 1
    assert f"{2**40} bytes" in capsys.readouterr().out
    assert not [request for request in door.requests if "zip" in request]


def test_an_artifact_that_is_larger_than_it_says_is_not_read_to_its_end(door, capsys):
    ran(door, None)
    door.add_artifact(RUN, b"\0" * (9 * 2**20), size_in_bytes=10)
    assert comment("--fail-on-publish-error", "true") == 1
    assert "has more than the" in capsys.readouterr().out


def test_a_verdict_of_another_commit_is_none_of_this_one(door):
    ran(door, replace(GREEN, head="e" * 40))
    assert comment() == 0
    assert "verdict of another commit" in ours(door)[0]
    assert "### ✅" not in ours(door)[0]


def test_fields_that_name_another_pull_request_decide_nothing(door, github_server, numbers):
    other = github_server.another(f"models-{next(numbers)}")
    head = door.behind.head
    verdict = json.loads(encode(replace(GREEN, head=head)))
    verdict |= {"pull_request": 2, "number": 2, "repository": other.repository, "api_url": "http://evil.example"}
    ran(door, packed(json.dumps(verdict).encode()))
    assert comment() == 0
    assert len(ours(door)) == 1
    assert other.comments() == []


def test_hostile_text_is_harmless_and_short(door):
    bad = f"@admins #1 {MARKER} <script> `x` | ::set-output name=x::y \x00\u202e"
    finding = Finding(bad, "error", "new", "a/" + bad, 1, 1, bad, bad, LONG)
    ran(door, replace(RED, findings=(finding,), isolation=bad))
    assert comment("--fail-on-publish-error", "true") == 0
    (written,) = ours(door)
    assert len(written) < 65_536
    assert written.count(MARKER) == 1
    assert "<script>" not in written
    assert "@admins" not in written.replace("`", "")
    assert "\x00" not in written
    assert "\u202e" not in written


def test_nothing_of_it_reaches_the_log_as_a_command(door, capsys):
    bad = Verdict(TOOL, "failure", findings=(Finding("r\n::error::x", "error", "new", "p", 1, 1, "s", "m", "h"),))
    ran(door, bad)
    assert comment() == 0
    assert not [line for line in capsys.readouterr().out.splitlines() if line.startswith("::error")]


def test_outside_of_workflow_run_an_artifact_is_misuse(door, monkeypatch, capsys):
    monkeypatch.setenv("GITHUB_EVENT_NAME", "push")
    assert comment() == 2
    assert "--artifact is for the event workflow_run, this one is push" in capsys.readouterr().err


def test_without_a_token_nothing_is_asked(door, monkeypatch, capsys):
    monkeypatch.delenv("GITHUB_TOKEN")
    assert comment("--fail-on-publish-error", "true") == 1
    assert "There is no token" in capsys.readouterr().out
    assert door.requests == []


def test_never_does_nothing(door):
    assert comment("--mode", "never") == 0
    assert door.requests == []
    assert not Path("verdict.json").exists()
