"""What must hold in action.yml whatever else changes in it.

What holds in every action is in test_definitions.py; that its steps work is tests/end_to_end/test_action.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
DEFINITION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = DEFINITION["runs"]["steps"]
HOSTILE = [step for step in STEPS if step["id"] in ("install", "check")]


def by_id(key: str) -> dict[str, Any]:
    (step,) = (step for step in STEPS if step["id"] == key)
    return step


def test_only_the_steps_that_fetch_and_comment_get_the_token() -> None:
    holders = [step["id"] for step in STEPS if "token" in str(step.get("env", {})).lower()]

    assert holders == ["prepare", "comment"]


def test_there_are_two_steps_that_run_code_of_the_pull_request() -> None:
    assert [step["id"] for step in HOSTILE] == ["install", "check"]


@pytest.mark.parametrize("step", HOSTILE, ids=lambda step: step["id"])
def test_they_run_it_apart(step: dict[str, Any]) -> None:
    last = step["run"].strip().splitlines()[-1]

    assert last.startswith('bash "$GITHUB_ACTION_PATH/tool/apart.sh" ')


def test_what_the_plan_prints_is_no_command() -> None:
    script = by_id("plan")["run"]

    assert script.index("::stop-commands::") < script.index("$TOOL")


def test_report_and_comment_follow_a_failed_check_but_not_a_cancelled_job() -> None:
    for key in ("report", "comment"):
        assert "!cancelled()" in by_id(key)["if"]
