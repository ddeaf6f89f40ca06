"""What action.yml and comment/action.yml have in common, and how the first uploads what the second reads."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from support.repositories import ROOT
from transformers_export.cli.arguments import parse


def definition(path: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / path).read_text(encoding="utf-8")))


CHECK, COMMENT = definition("action.yml"), definition("comment/action.yml")
both = pytest.mark.parametrize("action", [CHECK, COMMENT], ids=lambda action: action["name"])


def step(action: dict[str, Any], key: str) -> dict[str, Any]:
    (found,) = (step for step in action["runs"]["steps"] if step["id"] == key)
    return dict(found)


def test_both_install_the_same_tool_in_the_same_way() -> None:
    above = re.sub(r"(\$\{?GITHUB_ACTION_PATH\}?)", r"\1/..", step(CHECK, "tool")["run"])

    assert step(COMMENT, "tool")["run"] == above


def test_the_second_has_no_step_that_could_run_code_of_the_pull_request() -> None:
    steps = COMMENT["runs"]["steps"]

    assert [its["id"] for its in steps] == ["tool", "comment"]
    assert "token" not in str(steps[0]).lower()


def test_neither_uses_the_other_and_one_action_of_others_is_used() -> None:
    """actions/upload-artifact v7.0.0: no script can upload an artifact."""
    used = [its["uses"] for action in (CHECK, COMMENT) for its in action["runs"]["steps"] if "uses" in its]

    assert used == ["actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f"]


def test_a_failed_upload_is_a_warning_unless_told_otherwise() -> None:
    upload = step(CHECK, "upload")

    assert upload["continue-on-error"] == "${{ inputs.fail-on-publish-error != 'true' }}"
    assert "!cancelled()" in upload["if"]


def test_what_both_take_means_the_same() -> None:
    for name in ("comment", "fail-on-publish-error"):
        assert COMMENT["inputs"][name]["default"] == CHECK["inputs"][name]["default"]


@both
def test_every_input_is_used_and_every_output_is_some_steps(action: dict[str, Any]) -> None:
    text = str(action["runs"])

    assert [name for name in action["inputs"] if f"inputs.{name}" not in text] == []
    known = {its["id"] for its in action["runs"]["steps"]}
    assert {entry["value"].split(".")[1] for entry in action["outputs"].values()} <= known


@both
def test_the_modes_named_are_those_of_the_command(action: dict[str, Any]) -> None:
    named = re.findall(r"`([\w-]+)`", action["inputs"]["comment"]["description"])
    assert set(named) == {"always", "on-change", "on-failure", "never"}
    for mode in {*named, action["inputs"]["comment"]["default"]}:
        strict = action["inputs"]["fail-on-publish-error"]["default"]
        assert parse(["comment", "v.json", "--mode", mode, "--fail-on-publish-error", strict]).mode == mode
