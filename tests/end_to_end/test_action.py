"""Every step of the real action.yml, against a real repository, a real environment and a stateful GitHub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from support import github_api, job
from support.environments import with_repository
from support.repositories import Repository, commit, git

if TYPE_CHECKING:
    from support.actions_runner import Run, Step
    from support.front_door import FrontDoor
    from support.job import Job

INSTALL = 'command -v python > "$RUNNER_TEMP/installed"'
"""Stands for `pip install -e .`, which the interpreter does not need any more. Says that it ran, with which python."""


def job_on(repository: Repository, head: str, door: FrontDoor, tmp_path: Path) -> Job:
    return job.pull_request(repository.root, repository.base, head, door, tmp_path)


def run(a_job: Job, python_5: Path, temp: Path, tool: Step | None, **inputs: str) -> tuple[Run, Path]:
    """Run the action; also returns the interpreter it was given."""
    python = with_repository(python_5, a_job.workspace, temp.parent)
    told = {"python": str(python), "install": INSTALL, "pip-index-url": "", "exporter": "legacy", **inputs}
    return a_job.runner(told, temp, tool).run(), python


def outcomes(done: Run) -> dict[str, str]:
    return {key: step.outcome for key, step in done.steps.items()}


ALL_GREEN = dict.fromkeys(("tool", "prepare", "plan", "install", "check", "report", "comment"), "success")
ALL_GREEN["upload"] = "skipped"


def test_a_complete_change_is_green_and_has_one_comment_however_often_it_runs(
    example_repository: Repository, python_5: Path, installed_tool: Step, door: FrontDoor, tmp_path: Path
) -> None:
    a_job = job_on(example_repository, example_repository.revisions["complete"], door, tmp_path)
    plant_imposters(a_job.workspace)

    first, python = run(a_job, python_5, tmp_path / "first", None)
    assert outcomes(first) == ALL_GREEN, first.log
    body = door.comments()[0]["body"]

    second, _ = run(a_job, python_5, tmp_path / "second", installed_tool, atol="0.001")
    assert outcomes(second) == ALL_GREEN, second.log

    assert [comment["html_url"] for comment in door.comments()] == [first.outputs["comment-url"]]
    assert second.outputs["comment-url"] == first.outputs["comment-url"]
    assert door.comments()[0]["body"] != body
    assert "exports verified" in body.splitlines()[2]
    assert first.outputs["failed"] == "0"
    verdict = json.loads(Path(first.outputs["verdict"]).read_text(encoding="utf-8"))
    assert len(verdict["cases"]) == int(first.outputs["passed"]) > 0
    assert (verdict["base"], verdict["head"]) == (a_job.base, a_job.head)
    assert first.steps["report"].summary.splitlines()[0] in body
    assert (tmp_path / "first" / "installed").read_text().strip() == str(python.parent / "python")
    assert_no_imposter_ran(a_job.workspace)


IMPOSTER = "open({!r}, 'w').close(); raise SystemExit('an imposter ran')\n"


def plant_imposters(workspace: Path) -> None:
    """Modules of the pull request that would be taken for the standard library's and pip's."""
    for name in ("venv", "pip", "jinja2", "msgspec"):
        (workspace / f"{name}.py").write_text(IMPOSTER.format(str(workspace / f"{name}.ran")), encoding="utf-8")


def assert_no_imposter_ran(workspace: Path) -> None:
    assert list(workspace.glob("*.ran")) == []


def test_a_failing_check_still_writes_the_comment_and_fails_the_job(
    example_repository: Repository, python_5: Path, installed_tool: Step, door: FrontDoor, tmp_path: Path
) -> None:
    a_job = job_on(example_repository, example_repository.revisions["diverging"], door, tmp_path)

    done, _ = run(a_job, python_5, tmp_path / "temp", installed_tool)

    assert outcomes(done) == {**ALL_GREEN, "check": "failure"}, done.log
    assert done.conclusion == "failure"
    assert int(done.outputs["failed"]) > 0
    (comment,) = door.comments()
    assert comment["body"].splitlines()[2].startswith("### ❌")
    assert "What failed" in comment["body"]
    assert "::error title=" in done.steps["report"].log


def test_a_change_that_forgot_the_registry_is_annotated_at_its_line(
    example_repository: Repository, python_5: Path, installed_tool: Step, door: FrontDoor, tmp_path: Path
) -> None:
    a_job = job_on(example_repository, example_repository.revisions["incomplete"], door, tmp_path)

    done, _ = run(a_job, python_5, tmp_path / "temp", installed_tool)

    assert done.conclusion == "failure"
    (finding,) = json.loads(Path(done.outputs["verdict"]).read_text(encoding="utf-8"))["findings"]
    place = f"file={finding['path']},line={finding['line']},"
    assert f"::error title=unregistered,{place}" in done.steps["report"].log
    link = f"{door.root}/{door.repository}/blob/{a_job.head}/{finding['path']}#L{finding['line']}"
    assert link in door.comments()[0]["body"]


def test_the_report_shows_the_fix_as_a_diff_that_applies(
    example_repository: Repository, python_5: Path, installed_tool: Step, door: FrontDoor, tmp_path: Path
) -> None:
    root = example_repository.root
    a_job = job_on(example_repository, example_repository.revisions["incomplete"], door, tmp_path)

    done, _ = run(a_job, python_5, tmp_path / "temp", installed_tool)

    assert done.steps["check"].outcome == "failure", done.log
    for text in (door.comments()[0]["body"], done.steps["report"].summary):
        patch = text.replace("\r\n", "\n").partition("```diff\n")[2].partition("```")[0]
        assert '+    "acme-magpie",\n' in patch
        git(root, "checkout", "--quiet", "--force", "incomplete")
        (tmp_path / "fix.patch").write_text(patch, encoding="utf-8")
        git(root, "apply", str(tmp_path / "fix.patch"))
        assert git(root, "show", "complete:src/acme_models/onnx/features.py") == (
            (root / "src/acme_models/onnx/features.py").read_text(encoding="utf-8").strip()
        )


def test_a_change_that_concerns_nothing_installs_nothing_and_says_nothing(
    example_repository: Repository, python_5: Path, installed_tool: Step, door: FrontDoor, tmp_path: Path
) -> None:
    git(example_repository.root, "checkout", "--quiet", "-b", "prose", "main")
    (example_repository.root / "NOTES.md").write_text("Nothing to see.\n", encoding="utf-8")
    head = commit(example_repository.root, "Take a note")
    a_job = job_on(example_repository, head, door, tmp_path)

    done, _ = run(a_job, python_5, tmp_path / "temp", installed_tool)

    assert outcomes(done) == {**ALL_GREEN, "install": "skipped"}, done.log
    assert not (tmp_path / "temp" / "installed").exists()
    assert door.comments() == []
    tool = Path(done.steps["tool"].outputs["command"]).parents[1]
    heavy = [name for name in ("torch", "transformers", "onnx", "numpy") if list(tool.rglob(f"site-packages/{name}"))]
    assert heavy == []


def test_settings_that_cannot_be_read_are_in_the_comment(
    example_repository: Repository, python_5: Path, installed_tool: Step, door: FrontDoor, tmp_path: Path
) -> None:
    git(example_repository.root, "checkout", "--quiet", "-b", "spoilt", "main")
    with (example_repository.root / "pyproject.toml").open("a", encoding="utf-8") as stream:
        stream.write("\n[tool.transformers-export]\nexportr = 'dynamo'\n")
    a_job = job_on(example_repository, commit(example_repository.root, "Spoil the settings"), door, tmp_path)

    done, _ = run(a_job, python_5, tmp_path / "temp", installed_tool)

    assert (done.conclusion, done.steps["plan"].outcome) == ("failure", "failure"), done.log
    body = door.comments()[0]["body"]
    assert "has an unknown key" in body
    assert "exportr" in body
    assert "broke off" not in body


def test_a_project_that_cannot_be_installed_replaces_an_old_report(
    example_repository: Repository, python_5: Path, installed_tool: Step, door: FrontDoor, tmp_path: Path
) -> None:
    a_job = job_on(example_repository, example_repository.revisions["complete"], door, tmp_path)

    done, _ = run(a_job, python_5, tmp_path / "temp", installed_tool, install="echo ::error::forged; exit 7")

    assert outcomes(done) == {**ALL_GREEN, "install": "failure", "check": "skipped"}, done.log
    assert done.conclusion == "failure"
    assert "could not be installed" in door.comments()[0]["body"]
    log = done.steps["install"].log.splitlines()
    assert log[0].startswith("::stop-commands::")
    assert log.index("::error::forged") < log.index(f"::{log[0].removeprefix('::stop-commands::')}::")


SPY = """
import os
raise RuntimeError("sees " + " ".join(f"{name}={value}" for name, value in sorted(os.environ.items())))
"""


def test_code_of_the_pull_request_sees_no_token_and_none_of_the_runners_files(
    example_repository: Repository, python_5: Path, installed_tool: Step, door: FrontDoor, tmp_path: Path
) -> None:
    root = example_repository.root
    git(root, "checkout", "--quiet", "complete")
    (configuration,) = root.rglob("configuration_*magpie*.py")
    configuration.write_text(configuration.read_text(encoding="utf-8") + SPY, encoding="utf-8")
    head = commit(root, "Look around")
    a_job = job_on(example_repository, head, door, tmp_path)
    listing = 'env > "$RUNNER_TEMP/install.env"'

    done, _ = run(a_job, python_5, tmp_path / "temp", installed_tool, install=listing)

    at_install = (tmp_path / "temp" / "install.env").read_text(encoding="utf-8")
    cases = json.loads(Path(done.outputs["verdict"]).read_text(encoding="utf-8"))["cases"]
    in_worker = cases[0]["error"]["message"]
    assert "sees " in in_worker
    assert " TRANSFORMERS_VERBOSITY=error" in in_worker, "nothing was cut"
    for text in (at_install, in_worker):
        assert github_api.TOKEN not in text
        assert "token-of-the-job-itself" not in text
        assert not [name for name in ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "STEP_SUMMARY") if name in text]
