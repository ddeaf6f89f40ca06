"""What must hold in action.yml whatever else changes in it. That its steps work is tests/end_to_end/test_action.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
DEFINITION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = DEFINITION["runs"]["steps"]
SCRIPTS = [step for step in STEPS if "run" in step]
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
    for key in ("report", "comment"):
        assert "!cancelled()" in by_id(key)["if"]


def test_every_input_is_used_and_every_output_is_some_steps() -> None:
    text = str(DEFINITION["runs"])

    assert [name for name in DEFINITION["inputs"] if f"inputs.{name}" not in text] == []
    known = {step["id"] for step in STEPS}
    assert {entry["value"].split(".")[1] for entry in DEFINITION["outputs"].values()} <= known
