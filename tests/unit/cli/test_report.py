"""`report`: files and GitHub's own files from a verdict, also when there is none."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import TYPE_CHECKING

import pytest

from transformers_export.cli import main
from transformers_export.report.render import MARKER
from transformers_export.verdict.schema import decode, encode
from transformers_export.verdict.types import CaseResult, CheckResult, Finding, Planned, Shard, Tool, Verdict

if TYPE_CHECKING:
    from pathlib import Path

VERDICT = Verdict(
    tool=Tool("transformers-export", "0.1.0"),
    conclusion="failure",
    base="a" * 40,
    head="b" * 40,
    findings=(Finding("unregistered", "error", "new", "src/m.py", 3, 5, "M", "It is not there.", "Add it."),),
    cases=(
        CaseResult("m", "f", "onnx", "dynamo", "passed", checks=(CheckResult("values", "passed"),)),
        CaseResult("m", "g", "onnx", "dynamo", "undecided", cause="environment", reason="slow"),
        CaseResult("m", "h", "onnx", "dynamo", "expected-failure", cause="change", reason="known"),
    ),
)


@pytest.fixture
def workflow(tmp_path, monkeypatch) -> Path:
    """A folder with a verdict, and the environment of a workflow run for a push."""
    (tmp_path / "verdict.json").write_bytes(encode(VERDICT))
    (tmp_path / "event.json").write_text(json.dumps({"before": "a" * 40, "after": "b" * 40}))
    for name, value in {
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_SHA": "b" * 40,
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "output").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_verdict_becomes_files(workflow):
    assert main(["report", "verdict.json", "--markdown", "report.md", "--summary", "summary.md"]) == 0
    assert (workflow / "report.md").read_text().startswith(MARKER)
    assert "unregistered" in (workflow / "summary.md").read_text()


def test_github_gets_summary_annotations_and_outputs(workflow, capfd):
    assert main(["report", "verdict.json", "--markdown", "report.md", "--github"]) == 0
    assert "https://github.example/o/r/blob/" + "b" * 40 in (workflow / "summary").read_text()
    outputs = (workflow / "output").read_text() + capfd.readouterr().out
    assert "src/m.py" in outputs
    for expected in ("passed", "failed", str(workflow / "verdict.json"), str(workflow / "report.md")):
        assert expected in outputs


def test_without_a_verdict_the_report_says_so_and_nothing_is_green(workflow):
    arguments = ["report", "nowhere.json", "--markdown", "report.md", "--github", "--if-missing", "The install failed."]
    assert main(arguments) == 0
    assert "The install failed." in (workflow / "report.md").read_text()
    assert "The install failed." in (workflow / "summary").read_text()


def test_a_file_that_is_no_verdict_is_misuse(workflow, capsys):
    (workflow / "verdict.json").write_text("{}")
    assert main(["report", "verdict.json", "--markdown", "report.md"]) == 2
    assert "schema_version" in capsys.readouterr().err


def test_a_spoilt_verdict_replaces_the_report_and_fails_the_job(workflow):
    (workflow / "verdict.json").write_text('{"conclusion": "success"}')
    arguments = ["report", "verdict.json", "--markdown", "report.md", "--github", "--if-missing", "x"]
    assert main(arguments) == 1
    assert "verdict that cannot be read" in (workflow / "report.md").read_text()
    assert "verdict that cannot be read" in (workflow / "summary").read_text()


def test_a_number_no_report_can_show_replaces_the_report_and_fails_the_job(workflow):
    huge = dataclasses.replace(VERDICT.cases[0], bytes=10**400)
    spoilt = encode(dataclasses.replace(VERDICT, conclusion="success", findings=(), cases=(huge,)))
    (workflow / "verdict.json").write_bytes(spoilt)
    arguments = ["report", "verdict.json", "--markdown", "report.md", "--github", "--if-missing", "x"]
    assert main(arguments) == 1
    for file in ("report.md", "summary"):
        assert "whole numbers of at most" in (workflow / file).read_text()


def test_a_verdict_no_report_can_be_made_of_replaces_the_report_and_fails_the_job(workflow, capsys, monkeypatch):
    monkeypatch.setattr("transformers_export.report.view.figures.size", lambda count: 1 // 0)
    arguments = ["report", "verdict.json", "--markdown", "report.md", "--github", "--if-missing", "x"]
    assert main(arguments) == 1
    for file in ("report.md", "summary"):
        assert "No report can be made of the verdict" in (workflow / file).read_text()
    assert "a bug in" not in capsys.readouterr().err


def test_a_verdict_of_another_commit_is_none_of_this_one(workflow):
    (workflow / "verdict.json").write_bytes(encode(dataclasses.replace(VERDICT, head="c" * 40)))
    arguments = ["report", "verdict.json", "--markdown", "report.md", "--github", "--if-missing", "x"]
    assert main(arguments) == 1
    assert "a verdict of another commit" in (workflow / "report.md").read_text()


def test_shards_that_are_all_of_another_commit_are_not_merged_into_a_report_on_this_one(workflow):
    passed = VERDICT.cases[:1]
    shard = Shard(1, 1, "a" * 32, (Planned("m", "f", "onnx", "dynamo"),), (0,))
    stale = Verdict(VERDICT.tool, "success", head="c" * 40, cases=passed, shard=shard)
    (workflow / "shards").mkdir()
    (workflow / "shards" / "1.json").write_bytes(encode(stale))
    assert main(["report", "shards", "--merge", "--github", "--json", "merged.json", "--if-missing", "x"]) == 1
    assert "a verdict of another commit" in (workflow / "summary").read_text()
    assert decode((workflow / "merged.json").read_bytes()).conclusion == "failure"


def test_a_pipe_in_place_of_the_verdict_replaces_the_report_and_holds_nobody_up(workflow):
    (workflow / "verdict.json").unlink()
    os.mkfifo(workflow / "verdict.json")
    arguments = ["report", "verdict.json", "--markdown", "report.md", "--github", "--if-missing", "x"]
    assert main(arguments) == 1
    assert "it is no plain file" in (workflow / "report.md").read_text()


def test_a_push_gets_no_comment(workflow, capsys):
    assert main(["comment", "verdict.json", "--github"]) == 0
    assert "no pull request" in capsys.readouterr().out
