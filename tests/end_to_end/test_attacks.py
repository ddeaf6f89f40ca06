"""A pull request of attackers, through the real action.yml: the verdict says what each did, the others finish, and the
comment holds nothing but our words and escaped data. What one job cannot prevent is shown to be so at the end."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from support import attacks, github_api, job
from support.environments import with_repository
from support.front_door import open_door
from support.markdown import see
from support.repositories import ROOT, make_repository
from transformers_export.cases.contain import why_not
from transformers_export.report.render import MARKER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.actions_runner import Run
    from support.github_api import GitHub


@dataclass(frozen=True)
class Attacked:
    """How the job on the attackers' pull request ended."""

    done: Run
    verdict: dict[str, Any]
    comment: str

    def case(self, name: str) -> dict[str, Any]:
        (found,) = (case for case in self.verdict["cases"] if case["model_type"] == f"acme-{name}")
        return found

    def said(self, name: str) -> str:
        case = self.case(name)
        return f"{case['reason']} {(case['error'] or {}).get('message', '')}"


@pytest.fixture(scope="module")
def attacked(
    tmp_path_factory: pytest.TempPathFactory, python_5: Path, github_server: GitHub, numbers: Iterator[int]
) -> Iterator[Attacked]:
    """Both stages: the first runs the attackers, the second comments on what the first uploaded."""
    directory = tmp_path_factory.mktemp("attacks")
    repository = make_repository(directory / "acme-models")
    head = attacks.pull_request(repository, directory / "temp")
    github = github_server.another(f"models-{next(numbers)}", fork=True)
    with open_door(github) as door:
        a_job = job.pull_request(repository.root, repository.base, head, door, directory)
        python = with_repository(python_5, a_job.workspace, directory)
        inputs = {
            **{"python": str(python), "install": "", "pip-index-url": "", "exporter": "legacy"},
            **{"timeout": "90", "memory-limit": "2GiB", "jobs": "2"},
            **{"artifact": "export-verdict", "comment": "never"},
        }
        runner = a_job.runner(inputs, directory / "temp")
        done = runner.run()
        assert door.comments() == []
        door.add_run(42, head, "change", github.head_repository, conclusion=done.conclusion)
        door.add_artifact(42, runner.artifacts["export-verdict"])
        second = job.second_stage(ROOT / "comment", {}, door, directory / "second")
        assert second.conclusion == "success", second.log
        (comment,) = door.comments()
        verdict = json.loads(Path(done.outputs["verdict"]).read_text(encoding="utf-8"))
        yield Attacked(done, verdict, comment["body"])


def test_the_others_finish_and_the_job_is_red(attacked: Attacked) -> None:
    heron = [case for case in attacked.verdict["cases"] if case["model_type"] == "acme-heron"]
    assert [case["outcome"] for case in heron] == ["passed"] * 3, attacked.done.log
    assert len(attacked.verdict["cases"]) == 3 + len(attacks.ATTACKS)
    assert (attacked.verdict["conclusion"], attacked.done.conclusion) == ("failure", "failure")
    assert {key: step.outcome for key, step in attacked.done.steps.items() if step.outcome == "failure"} == {
        "check": "failure"
    }
    assert int(attacked.done.outputs["failed"]) >= 7


def test_the_verdict_says_which_isolation_held(attacked: Attacked) -> None:
    assert ("in namespaces of its own" in attacked.verdict["isolation"]) == (not why_not())


@pytest.mark.parametrize(
    ("name", "outcome", "said"),
    [
        ("thief", "failed", f"{attacks.SENTENCE} []"),
        ("forker", "undecided", "Started more than 128 processes.|Past its time limit"),  # on a machine under load
        ("escaper", "passed", ""),
        ("hoarder", "undecided", "Past its memory limit of 2048 MiB."),
        ("sleeper", "undecided", "Past its time limit of 90 s."),
        ("talker", "failed", attacks.SENTENCE),
        ("forger", "failed", "Expected a case result as JSON"),
    ],
)
def test_the_verdict_says_what_happened(attacked: Attacked, name: str, outcome: str, said: str) -> None:
    assert attacked.case(name)["outcome"] == outcome
    assert any(words in attacked.said(name) for words in said.split("|"))


def test_where_there_are_namespaces_nothing_is_written_and_nobody_killed(attacked: Attacked) -> None:
    contained = "in namespaces of its own" in attacked.verdict["isolation"]
    assert not contained or f"{attacks.SENTENCE} []" in attacked.said("writer")
    assert not contained or f"{attacks.SENTENCE} []" in attacked.said("killer") or "Killed" in attacked.said("killer")
    assert attacked.case("killer")["outcome"] in ("failed", "undecided")
    assert attacked.case("writer")["outcome"] == "failed"


def test_nothing_is_left_running(attacked: Attacked) -> None:
    assert [p for p in psutil.process_iter(["cmdline"]) if (p.info["cmdline"] or [])[:2] == ["sleep", "4243.1"]] == []


def test_what_they_print_is_no_command(attacked: Attacked) -> None:
    log = attacked.done.steps["check"].log.splitlines()
    token = next(line for line in log if line.startswith("::stop-commands::")).removeprefix("::stop-commands::")
    start, end = log.index(f"::stop-commands::{token}"), log.index(f"::{token}::")
    forged = [
        number for number, line in enumerate(log) if line.startswith(("::set-output", "::add-path", "::error::forged"))
    ]
    assert all(start < number < end for number in forged)
    report = attacked.done.steps["report"].log.splitlines()
    assert not [line for line in report if line.startswith("::error::forged")]
    assert all(
        line.startswith(("::error title=", "::warning title=", "::notice title=")) for line in report if "::" in line
    )


def test_the_comment_of_the_second_stage_holds_our_words_and_escaped_data(attacked: Attacked) -> None:
    seen = see(attacked.comment)
    assert attacked.comment.startswith(MARKER)
    assert all(hidden.startswith(" export-action: ") for hidden in seen.comments)
    assert seen.unbalanced == []
    assert "img" not in seen.tags
    assert "@octocat" not in seen.prose
    assert "\x1b" not in attacked.comment
    assert github_api.TOKEN not in attacked.done.log + attacked.comment
    assert "token-of-the-job-itself" not in attacked.done.log + attacked.comment


@pytest.fixture(scope="module")
def lies(tmp_path_factory: pytest.TempPathFactory, python_5: Path) -> dict[str, str]:
    """How the cases ended that would fail, were they honest."""
    directory = tmp_path_factory.mktemp("lies")
    repository = make_repository(directory / "acme-models")
    attacks.pull_request(repository, directory, attacks.LIES)
    command = [sys.executable, "-m", "transformers_export", "check", "--base", "main", "--exporter", "legacy"]
    told = [*command, "--json", str(directory / "verdict.json"), "--python", str(python_5), "--jobs", "1"]
    done = subprocess.run(told, cwd=repository.root, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    cases = json.loads((directory / "verdict.json").read_text(encoding="utf-8"))["cases"]
    return {case["model_type"]: case["outcome"] for case in cases}


@pytest.mark.parametrize("name", ["honest", "exiter", "piper", "neighbour"])
def test_these_lies_change_nothing(lies: dict[str, str], name: str) -> None:
    assert lies[f"acme-{name}"] == "failed"


@pytest.mark.parametrize("name", ["liar", "patcher", "tracer"])
def test_these_lies_no_process_can_prevent_about_itself_and_security_md_says_so(
    lies: dict[str, str], name: str
) -> None:
    """A case runs in one process with the check of it. Should this ever fail, SECURITY.md promises too little."""
    assert lies[f"acme-{name}"] == "passed"
    assert "its own result" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")
