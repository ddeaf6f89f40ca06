"""A job on a pull request, as GitHub starts one: a shallow checkout of the merge commit, an event, the variables.

The pull request is a branch of a real repository, served by a bare one beside it, which has what GitHub makes of it:
`refs/pull/1/head` and `refs/pull/1/merge`.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from support.actions_runner import Runner
from support.github_api import TOKEN
from support.repositories import git

if TYPE_CHECKING:
    from support.actions_runner import Run, Step
    from support.front_door import FrontDoor

ACTION = Path(__file__).resolve().parents[2]
KEPT = ("HOME", "LANG", "LC_ALL", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class Job:
    """One checkout and what the workflow knows about it."""

    workspace: Path
    base: str
    head: str
    merge: str
    environ: dict[str, str]

    def runner(
        self, inputs: dict[str, str], temp: Path, tool: Step | None = None, workspace: Path | None = None
    ) -> Runner:
        """A runner for the action with an own RUNNER_TEMP, on this checkout or another; `tool`: it is installed."""
        temp.mkdir()
        done: dict[str, Step] = {}
        if tool is not None:
            files = temp / "export-action"
            files.mkdir()
            done = {"tool": replace(tool, outputs={**tool.outputs, "files": str(files)})}
        return Runner(ACTION, workspace or self.workspace, temp, self.environ, inputs, token=TOKEN, done=done)

    def check_out(self, workspace: Path) -> None:
        """Check out anew, as on another machine."""
        _checkout(self.workspace.parent / "remote.git", workspace)


def install_tool(temp: Path) -> Step:
    """Run the action's own first step, which installs it."""
    run = Runner(ACTION, temp, temp, machine()).run(until="tool")
    assert run.conclusion == "success", run.log
    return run.steps["tool"]


def machine() -> dict[str, str]:
    """The environment of a runner, before any workflow."""
    environ = {name: os.environ[name] for name in KEPT if name in os.environ}
    environ |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return environ | {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "CI": "true",
        "GITHUB_ACTIONS": "true",
    }


def pull_request(repository: Path, base: str, head: str, github: FrontDoor, directory: Path) -> Job:
    """A job on the pull request that brings commit `head` of `repository` onto commit `base`."""
    remote = directory / "remote.git"
    merge = _serve(repository, base, head, remote)
    github.renamed[github.behind.head] = head
    workspace = directory / "workspace"
    _checkout(remote, workspace)
    event = directory / "event.json"
    event.write_text(json.dumps(_payload(github, base, head)), encoding="utf-8")
    environ = machine() | {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": github.repository,
        "GITHUB_SHA": merge,
        "GITHUB_REF": "refs/pull/1/merge",
        "GITHUB_RUN_ID": "42",
        "GITHUB_SERVER_URL": github.root,
        "GITHUB_API_URL": github.url,
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "token-of-the-job-itself",
    }
    return Job(workspace, base, head, merge, environ)


def second_stage(action: Path, inputs: dict[str, str], github: FrontDoor, directory: Path) -> Run:
    """Run the action that comments, for run 42 of the first workflow: no checkout, nothing of the first job's disk."""
    for name in ("workspace", "temp"):
        (directory / name).mkdir(parents=True)
    event = directory / "event.json"
    event.write_text(json.dumps({"action": "completed", "workflow_run": {"id": 42}}), encoding="utf-8")
    environ = machine() | {
        "GITHUB_EVENT_NAME": "workflow_run",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": github.repository,
        "GITHUB_SHA": "f" * 40,
        "GITHUB_RUN_ID": "43",
        "GITHUB_SERVER_URL": github.root,
        "GITHUB_API_URL": github.url,
    }
    return Runner(action, directory / "workspace", directory / "temp", environ, inputs, TOKEN).run()


def _serve(repository: Path, base: str, head: str, remote: Path) -> str:
    """Make the bare repository and GitHub's merge commit in it; returns its SHA."""
    git(repository, "clone", "--quiet", "--bare", str(repository), str(remote))
    git(remote, "config", "uploadpack.allowAnySHA1InWant", "true")  # as GitHub allows it
    tree = git(remote, "merge-tree", "--write-tree", base, head).splitlines()[0]
    merge = git(remote, "commit-tree", tree, "-p", base, "-p", head, "-m", "Merge the change")
    git(remote, "update-ref", "refs/pull/1/head", head)
    git(remote, "update-ref", "refs/pull/1/merge", merge)
    return merge


def _checkout(remote: Path, workspace: Path) -> None:
    """What actions/checkout does by default: one commit, detached."""
    workspace.mkdir()
    git(workspace, "init", "--quiet")
    git(workspace, "remote", "add", "origin", remote.as_uri())
    git(
        workspace,
        "fetch",
        "--quiet",
        "--no-tags",
        "--depth=1",
        "origin",
        "+refs/pull/1/merge:refs/remotes/pull/1/merge",
    )
    git(workspace, "checkout", "--quiet", "--detach", "refs/remotes/pull/1/merge")


def _payload(github: FrontDoor, base: str, head: str) -> dict[str, object]:
    repository = {"full_name": github.repository}
    return {
        "action": "synchronize",
        "number": github.pull_request,
        "repository": repository,
        "pull_request": {
            "number": github.pull_request,
            "base": {"sha": base, "ref": "main", "repo": repository},
            "head": {"sha": head, "ref": "change", "repo": {"full_name": github.behind.head_repository}},
        },
    }
