"""`comment` against a stateful GitHub: whatever the verdict is, an old comment does not stay green beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support import github_api
from transformers_export.cli import main
from transformers_export.report.render import MARKER
from transformers_export.verdict.schema import encode
from transformers_export.verdict.types import CaseResult, NotChecked, Tool, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

TOOL = Tool("transformers-export", "0.1.0")


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[github_api.GitHub]:
    """GitHub with a pull request, and the environment of a workflow run for it; the folder is the test's own."""
    (tmp_path / "github").mkdir()
    with github_api.start(tmp_path / "github") as started:
        pull = {"number": started.pull_request, "base": {"sha": "a" * 40}, "head": {"sha": "b" * 40}}
        (tmp_path / "event.json").write_text(json.dumps({"pull_request": pull}))
        for name, value in {
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
            "GITHUB_REPOSITORY": started.repository,
            "GITHUB_SHA": "c" * 40,
            "GITHUB_API_URL": started.url,
            "GITHUB_TOKEN": github_api.TOKEN,
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        yield started


def comment(verdict: Verdict) -> int:
    Path("verdict.json").write_bytes(encode(verdict))
    return main(["comment", "verdict.json", "--if-missing", "x"])


def test_a_verdict_no_report_can_be_made_of_replaces_the_old_comment(github):
    github.add_comment(f"{MARKER}\nall green")
    huge = CaseResult("m", "f", "onnx", "dynamo", "passed", bytes=10**400)
    assert comment(Verdict(TOOL, "success", cases=(huge,))) == 0
    (written,) = github.comments()
    assert "No report can be made of the verdict" in written["body"]


def test_a_pull_request_that_only_spoils_the_settings_gets_a_comment(github):
    spoilt = NotChecked("settings", "exporter = 'tf' is none.", blocking=True)
    assert comment(Verdict(TOOL, "failure", not_checked=(spoilt,))) == 0
    (written,) = github.comments()
    assert "exporter = 'tf' is none." in written["body"]
