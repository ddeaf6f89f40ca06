"""The two workflows people paste for pull requests from forks: what they say is read from them and done.

The first runs on a stranger's commit; what it uploads, and nothing else, reaches the second.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from support import front_door, job
from support.actions_runner import evaluate
from support.environments import with_repository
from support.repositories import ROOT, Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.actions_runner import Run, Step
    from support.front_door import FrontDoor
    from support.github_api import GitHub
    from support.job import Job

EXAMPLES = ROOT / "examples"
ACTION = "org/export-action"


@pytest.fixture
def fork(forked: GitHub) -> Iterator[FrontDoor]:
    """GitHub with a pull request from a stranger's fork."""
    with front_door.open_door(forked) as opened:
        yield opened


def workflow(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((EXAMPLES / name).read_text(encoding="utf-8")))


def our_step(name: str) -> dict[str, Any]:
    """The step of a workflow that uses an action of ours."""
    (only,) = workflow(name)["jobs"].values()
    (step,) = [step for step in only["steps"] if step["uses"].startswith(ACTION)]
    return dict(step)


def check(a_job: Job, python_5: Path, temp: Path, tool: Step) -> tuple[Run, bytes]:
    """The first workflow, and what it uploads. Its `install` is done already, in the interpreter we name."""
    python = with_repository(python_5, a_job.workspace, temp.parent)
    ours = {"python": str(python), "install": "", "pip-index-url": "", "exporter": "legacy"}
    runner = a_job.runner(our_step("fork-check.yml")["with"] | ours, temp, tool)
    run = runner.run()
    assert list(runner.artifacts) == ["export-verdict"], run.log
    return run, runner.artifacts["export-verdict"]


def comment(door: FrontDoor, directory: Path) -> Run:
    """The second workflow, in a job of its own: no checkout, nothing of the first job's disk."""
    step = our_step("fork-comment.yml")
    folder = ROOT / step["uses"].partition("@")[0].removeprefix(f"{ACTION}/")
    return job.second_stage(folder, step.get("with", {}), door, directory)


@pytest.mark.parametrize(("branch", "icon"), [("complete", "✅"), ("diverging", "❌")])
def test_a_pull_request_from_a_fork_gets_its_report(
    example_repository: Repository,
    python_5: Path,
    installed_tool: Step,
    fork: FrontDoor,
    tmp_path: Path,
    branch: str,
    icon: str,
) -> None:
    head = example_repository.revisions[branch]
    a_job = job.pull_request(example_repository.root, example_repository.base, head, fork, tmp_path)

    first, uploaded = check(a_job, python_5, tmp_path / "temp", installed_tool)

    assert first.conclusion == ("success" if icon == "✅" else "failure"), first.log
    assert first.steps["report"].summary.startswith(f"### {icon}")
    assert Path(first.outputs["verdict"]).read_bytes().count(head.encode()) == 1, first.log
    assert [request for request in fork.requests if not request.startswith("GET ")] == []
    assert fork.comments() == []

    fork.add_run(42, head, "change", fork.behind.head_repository, conclusion=first.conclusion)
    fork.add_artifact(42, uploaded)
    second = comment(fork, tmp_path / "second")

    assert second.conclusion == "success", second.log
    (written,) = fork.comments()
    assert written["body"].splitlines()[2].startswith(f"### {icon}")
    assert "/actions/runs/42" in written["body"]
    assert f"/commit/{head}" in written["body"]
    assert second.outputs["comment-url"] == written["html_url"]


def test_the_workflows_fit_each_other() -> None:
    check_workflow, comment_workflow = workflow("fork-check.yml"), workflow("fork-comment.yml")
    action = yaml.safe_load((ROOT / "comment" / "action.yml").read_text(encoding="utf-8"))
    started_by = comment_workflow[True]["workflow_run"]  # YAML 1.1 reads `on` as true

    assert started_by == {"workflows": [check_workflow["name"]], "types": ["completed"]}
    assert our_step("fork-check.yml")["with"]["artifact"] == action["inputs"]["artifact"]["default"]
    assert our_step("fork-check.yml")["with"]["comment"] == "never"


def test_this_repositorys_own_workflows_fit_each_other_too() -> None:
    folder = ROOT / ".github" / "workflows"
    (check_job,) = yaml.safe_load((folder / "export.yml").read_text(encoding="utf-8"))["jobs"].values()
    action = yaml.safe_load((ROOT / "comment" / "action.yml").read_text(encoding="utf-8"))

    assert check_job["steps"][-1]["with"]["artifact"] == action["inputs"]["artifact"]["default"]


@pytest.mark.parametrize(
    ("repository", "branch", "stage"),
    [
        ("acme/models", "change", "first"),
        ("stranger/models", "change", "second"),
        ("acme/models", "dependabot/pip/torch-3", "second"),
        ("stranger/models", "dependabot/pip/torch-3", "second"),
    ],
)
def test_in_this_repository_exactly_one_of_the_two_comments(repository: str, branch: str, stage: str) -> None:
    """Tokens of runs for forks and Dependabot may only read."""
    folder = ROOT / ".github" / "workflows"
    (check_job,) = yaml.safe_load((folder / "export.yml").read_text(encoding="utf-8"))["jobs"].values()
    (comment_job,) = yaml.safe_load((folder / "export-comment.yml").read_text(encoding="utf-8"))["jobs"].values()
    run = {"event": "pull_request", "head_repository": {"full_name": repository}, "head_branch": branch}
    event = {"pull_request": {"head": {"ref": branch, "repo": {"full_name": repository}}}, "workflow_run": run}
    mode, second = evaluate(
        [
            {"kind": "text", "text": check_job["steps"][-1]["with"]["comment"]},
            {"kind": "condition", "text": comment_job["if"]},
        ],
        {"github": {"repository": "acme/models", "event": event}},
        succeeding=True,
    )
    assert (mode, second) == (("on-change", False) if stage == "first" else ("never", True))


def test_no_job_has_more_than_it_needs_and_the_second_checks_nothing_out() -> None:
    permissions = {
        name: [only["permissions"] for only in workflow(name)["jobs"].values()]
        for name in ("fork-check.yml", "fork-comment.yml")
    }
    assert permissions == {
        "fork-check.yml": [{"contents": "read"}],
        "fork-comment.yml": [{"actions": "read", "pull-requests": "write"}],
    }
    (second,) = workflow("fork-comment.yml")["jobs"].values()
    assert [step["uses"].partition("@")[0] for step in second["steps"]] == [
        "actions/setup-python",
        f"{ACTION}/comment",
    ]
