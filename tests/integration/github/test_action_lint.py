"""Both actions pass the linters their users would run on them, and they would find a fault."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
TOOLS = Path(sys.executable).parent
ZIZMOR = ("zizmor", "--offline", "--no-progress", "--persona", "auditor")
SCHEMA = ("check-jsonschema", "--builtin-schema", "vendor.github-actions")
SHELLCHECK = ("shellcheck", "--shell", "bash")


def lint(file: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}"}
    return subprocess.run([*command, str(file)], env=environment, capture_output=True, text=True, check=False)


ACTIONS = ("action.yml", "comment/action.yml")


@pytest.mark.parametrize("command", [ZIZMOR, SCHEMA], ids=lambda command: command[0])
@pytest.mark.parametrize("action", ACTIONS)
def test_the_action_is_lint_clean(action: str, command: tuple[str, ...]) -> None:
    done = lint(ROOT / action, *command)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("command", "sound", "faulty"),
    [
        (ZIZMOR, 'bash -eo pipefail -c "$INSTALL"', "${{ inputs.install }}"),
        (SCHEMA, "using: composite", "using: composit"),
    ],
    ids=["zizmor", "check-jsonschema"],
)
def test_the_linters_would_find_a_fault(command: tuple[str, ...], sound: str, faulty: str, tmp_path: Path) -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert sound in text
    file = tmp_path / "action.yml"
    file.write_text(text.replace(sound, faulty), encoding="utf-8")

    done = lint(file, *command)

    assert done.returncode not in (0, 127), done.stdout + done.stderr


STEPS = [
    step
    for action in ACTIONS
    for step in yaml.safe_load((ROOT / action).read_text(encoding="utf-8"))["runs"]["steps"]
    if "run" in step
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["id"])
def test_every_script_is_sound_shell(step: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "step.sh"
    file.write_text(step["run"], encoding="utf-8")

    done = lint(file, *SHELLCHECK)

    assert done.returncode == 0, done.stdout + done.stderr


def test_shellcheck_would_find_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "step.sh"
    file.write_text("cd $FILES && rm *\n", encoding="utf-8")

    assert lint(file, *SHELLCHECK).returncode == 1
