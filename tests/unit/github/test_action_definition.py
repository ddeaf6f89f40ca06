"""What must hold in both action files whatever else changes in them. That their steps work is shown end to end."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from transformers_export.cli.arguments import parse

ROOT = Path(__file__).resolve().parents[3]


def definition(path: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / path).read_text(encoding="utf-8")))


DEFINITION, COMMENT = definition("action.yml"), definition("comment/action.yml")
STEPS: list[dict[str, Any]] = DEFINITION["runs"]["steps"]
ALL_STEPS = [*STEPS, *COMMENT["runs"]["steps"]]
SCRIPTS = [step for step in ALL_STEPS if "run" in step]
HOSTILE = [step for step in STEPS if step["id"] in ("install", "check")]
NOT_FOR_THE_CHANGE = {
    *("GITHUB_TOKEN", "GH_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL"),
    *("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"),
}


def by_id(key: str) -> dict[str, Any]:
    (step,) = (step for step in STEPS if step["id"] == key)
    return step


@pytest.mark.parametrize("step", SCRIPTS, ids=lambda step: step["id"])
def test_no_expression_becomes_part_of_a_script(step: dict[str, Any]) -> None:
    assert "${{" not in step["run"]


@pytest.mark.parametrize("step", SCRIPTS, ids=lambda step: step["id"])
def test_every_variable_a_script_is_given_is_used(step: dict[str, Any]) -> None:
    for name in set(step.get("env", {})) - {"GITHUB_TOKEN"}:
        assert f"${name}" in step["run"] or f"${{{name}" in step["run"]


def test_only_the_steps_that_fetch_and_comment_get_the_token() -> None:
    holders = [step["id"] for step in STEPS if "token" in str(step.get("env", {})).lower()]

    assert holders == ["prepare", "comment"]


def test_there_are_two_steps_that_run_code_of_the_pull_request() -> None:
    assert [step["id"] for step in HOSTILE] == ["install", "check"]


@pytest.mark.parametrize("step", HOSTILE, ids=lambda step: step["id"])
def test_they_are_scrubbed_and_their_output_is_no_command(step: dict[str, Any]) -> None:
    words = step["run"].split()
    unset = {words[place + 1] for place, word in enumerate(words) if word == "-u"}

    assert unset == NOT_FOR_THE_CHANGE
    assert step["run"].index("::stop-commands::") < step["run"].index("env -u")


def test_what_the_plan_prints_is_no_command() -> None:
    script = by_id("plan")["run"]

    assert script.index("::stop-commands::") < script.index("$TOOL")


def test_report_and_comment_follow_a_failed_check_but_not_a_cancelled_job() -> None:
    for key in ("report", "upload", "comment"):
        assert "!cancelled()" in by_id(key)["if"]


@pytest.mark.parametrize("action", [DEFINITION, COMMENT], ids=lambda action: action["name"])
def test_every_input_is_used_and_every_output_is_some_steps(action: dict[str, Any]) -> None:
    text = str(action["runs"])

    assert [name for name in action["inputs"] if f"inputs.{name}" not in text] == []
    known = {step["id"] for step in action["runs"]["steps"]}
    assert {entry["value"].split(".")[1] for entry in action["outputs"].values()} <= known


def test_the_one_action_of_others_is_pinned_to_a_commit() -> None:
    """actions/upload-artifact v7.0.0: no shell can upload an artifact. The two actions never use each other."""
    used = [step["uses"] for step in ALL_STEPS if "uses" in step]

    assert used == ["actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f"]


def test_a_failed_upload_is_a_warning_unless_told_otherwise() -> None:
    assert by_id("upload")["continue-on-error"] == "${{ inputs.fail-on-publish-error != 'true' }}"


def test_both_actions_install_the_same_tool_in_the_same_way() -> None:
    install = COMMENT["runs"]["steps"][0]["run"]

    assert install == 'GITHUB_ACTION_PATH="$GITHUB_ACTION_PATH/.."\n' + by_id("tool")["run"]


def test_what_both_actions_take_means_the_same() -> None:
    for name in ("comment", "fail-on-publish-error"):
        assert COMMENT["inputs"][name]["default"] == DEFINITION["inputs"][name]["default"]


@pytest.mark.parametrize("action", [DEFINITION, COMMENT], ids=lambda action: action["name"])
def test_the_modes_named_are_those_of_the_command(action: dict[str, Any]) -> None:
    named = re.findall(r"`([\w-]+)`", action["inputs"]["comment"]["description"])
    assert set(named) == {"always", "on-change", "on-failure", "never"}
    for mode in {*named, action["inputs"]["comment"]["default"]}:
        strict = action["inputs"]["fail-on-publish-error"]["default"]
        assert parse(["comment", "v.json", "--mode", mode, "--fail-on-publish-error", strict]).mode == mode
