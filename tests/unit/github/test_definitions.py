"""What holds in every action and workflow of this repository: what may be used, and why it is permitted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from support.repositories import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACTIONS = sorted(path for path in (ROOT / "action.yml", ROOT / "comment" / "action.yml") if path.exists())
WORKFLOWS = sorted([*(ROOT / ".github" / "workflows").glob("*.yml"), *(ROOT / "examples").glob("*.yml")])
ALLOWED = {
    "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "actions/setup-python": "5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0",
    "actions/cache": "27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5",
    "actions/cache/restore": "27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5",
    "actions/cache/save": "27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5",
    "actions/upload-artifact": "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0",
    "actions/download-artifact": "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1",
    "actions/setup-node": "820762786026740c76f36085b0efc47a31fe5020 # v7.0.0",
    "github/codeql-action/upload-sarif": "8aad20d150bbac5944a9f9d289da16a4b0d87c1e # v4.36.2",
}
"""The only actions of others that may be used, each at one commit, its tag beside it."""
OURS = ("./", "org/export-action")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def load(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def steps(path: Path) -> list[dict[str, Any]]:
    content = load(path)
    if "runs" in content:
        return list(content["runs"]["steps"])
    return [step for job in content["jobs"].values() for step in job.get("steps", [])]


every = pytest.mark.parametrize("path", [*ACTIONS, *WORKFLOWS], ids=name)
every_action = pytest.mark.parametrize("path", ACTIONS, ids=name)
every_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=name)


@every
def test_actions_of_others_are_the_allowed_ones_by_commit_with_their_tag(path: Path) -> None:
    used = re.findall(r"^\s*(?:- )?uses: (\S+)(?: (#.*))?$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for action, tag in used:
        if not action.startswith(OURS):
            who, _, commit = action.partition("@")
            assert f"{commit} {tag}" == ALLOWED.get(who), action


@every
def test_no_expression_becomes_part_of_a_script(path: Path) -> None:
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


@every
def test_every_variable_a_script_is_given_is_used(path: Path) -> None:
    for step in steps(path):
        given = set(step.get("env", {})) - {"GITHUB_TOKEN", "GH_TOKEN", "GH_REPO"}  # what programs read by themselves
        assert [v for v in given if f"${v}" not in step["run"] and f"${{{v}" not in step["run"]] == []


@every_action
def test_every_input_is_used_and_every_output_is_some_steps(path: Path) -> None:
    content = load(path)
    text = str(content["runs"])
    assert [its for its in content["inputs"] if f"inputs.{its}" not in text] == []
    assert set(re.findall(r"inputs\.([\w-]+)", text)) <= set(content["inputs"])
    known = {step["id"] for step in content["runs"]["steps"]}
    assert {entry["value"].split(".")[1] for entry in content.get("outputs", {}).values()} <= known
    assert set(re.findall(r"steps\.([\w-]+)\.", str(content))) <= known


@every_action
def test_the_tool_is_installed_by_hash_and_by_one_script(path: Path) -> None:
    (first, *_) = steps(path)
    assert first["id"] == "tool"
    assert first["run"].strip() in (
        'bash "$GITHUB_ACTION_PATH/tool/install.sh"',
        'bash "$GITHUB_ACTION_PATH/../tool/install.sh"',
    )


@every_workflow
def test_nothing_is_permitted_but_what_a_comment_explains(path: Path) -> None:
    assert load(path)["permissions"] == {}
    for line in permission_lines(path):
        assert re.search(r": (read|write) # \w+ .+", line), line


def permission_lines(path: Path) -> Iterator[str]:
    inside = -1
    for line in path.read_text(encoding="utf-8").splitlines():
        indent = len(line) - len(line.lstrip())
        if line.strip() == "permissions:":
            inside = indent
        elif inside >= 0 and indent > inside:
            yield line
        else:
            inside = -1


@every_workflow
def test_every_job_ends_and_no_checkout_leaves_its_token(path: Path) -> None:
    for job in load(path)["jobs"].values():
        assert "uses" in job or 0 < job["timeout-minutes"] <= 360
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@every_workflow
def test_nothing_runs_a_forks_code_with_our_secrets(path: Path) -> None:
    events = load(path)[True]  # YAML reads the key `on` as a boolean
    assert "pull_request_target" not in events
    if "workflow_run" in events:
        assert not [step for step in steps(path) if "head" in str(step.get("with", {}).get("ref", ""))]
