"""The actions and workflows pass the linters their users would run on them, and these would find a fault.

Every action.yml and every workflow of this repository is found by itself. Exemptions stand beside the line they exempt.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.repositories import ROOT

TOOLS = Path(sys.executable).parent
ACTIONS = sorted(path for path in (ROOT / "action.yml", ROOT / "comment" / "action.yml") if path.exists())
WORKFLOWS = sorted([*(ROOT / ".github" / "workflows").glob("*.yml"), *(ROOT / "examples").glob("*.yml")])
ZIZMOR = ("zizmor", "--offline", "--no-progress", "--persona", "pedantic")
ACTION_SCHEMA = ("check-jsonschema", "--builtin-schema", "vendor.github-actions")
WORKFLOW_SCHEMA = ("check-jsonschema", "--builtin-schema", "vendor.github-workflows")
ACTIONLINT = ("actionlint",)
SHELLCHECK = ("shellcheck", "--shell", "bash")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lint(file: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}"}
    return subprocess.run([*command, str(file)], env=environment, capture_output=True, text=True, check=False)


def test_there_is_something_to_lint() -> None:
    assert {"action.yml", ".github/workflows/tests.yml", "examples/workflow.yml"} <= {
        name(path) for path in (*ACTIONS, *WORKFLOWS)
    }


@pytest.mark.parametrize(
    ("file", "command"),
    [
        *((file, command) for file in ACTIONS for command in (ZIZMOR, ACTION_SCHEMA)),
        *((file, command) for file in WORKFLOWS for command in (ZIZMOR, WORKFLOW_SCHEMA, ACTIONLINT)),
    ],
    ids=lambda value: name(value) if isinstance(value, Path) else value[0],
)
def test_it_is_lint_clean(file: Path, command: tuple[str, ...]) -> None:
    done = lint(file, *command)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "command", "sound", "faulty"),
    [
        ("action.yml", ZIZMOR, 'bash -eo pipefail -c "$INSTALL"', "${{ inputs.install }}"),
        ("action.yml", ACTION_SCHEMA, "using: composite", "using: composit"),
        ("examples/workflow.yml", ACTIONLINT, "runs-on: ubuntu-latest", "runs_on: ubuntu-latest"),
        ("examples/workflow.yml", WORKFLOW_SCHEMA, "runs-on: ubuntu-latest", "runs_on: ubuntu-latest"),
        ("examples/workflow.yml", ZIZMOR, "persist-credentials: false", "fetch-depth: 0"),
        (
            ".github/workflows/release.yml",
            ZIZMOR,
            "contents: write # makes the release and moves the tag",
            "contents: write",
        ),
        (".github/workflows/release.yml", ACTIONLINT, '"$TAG" --verify-tag', "$TAG --verify-tag"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_the_linters_would_find_a_fault(
    file: str, command: tuple[str, ...], sound: str, faulty: str, tmp_path: Path
) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert sound in text
    planted = tmp_path / (file if file == "action.yml" else f".github/workflows/{Path(file).name}")
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(text.replace(sound, faulty), encoding="utf-8")

    done = lint(planted, *command)

    assert done.returncode not in (0, 127), done.stdout + done.stderr


def load(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


SCRIPTS = [(path, step) for path in ACTIONS for step in load(path)["runs"]["steps"] if "run" in step]


@pytest.mark.parametrize(("path", "step"), SCRIPTS, ids=lambda v: name(v) if isinstance(v, Path) else v["id"])
def test_every_script_is_sound_shell(path: Path, step: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "step.sh"
    file.write_text(step["run"], encoding="utf-8")

    done = lint(file, *SHELLCHECK)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", sorted((ROOT / "tool").glob("*.sh")), ids=name)
def test_every_script_beside_the_action_is_sound_shell(file: Path) -> None:
    done = lint(file, *SHELLCHECK)

    assert done.returncode == 0, done.stdout + done.stderr


def test_shellcheck_would_find_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "step.sh"
    file.write_text("cd $FILES && rm *\n", encoding="utf-8")

    assert lint(file, *SHELLCHECK).returncode == 1


@pytest.mark.parametrize("file", [*ACTIONS, *WORKFLOWS], ids=name)
def test_every_exemption_says_why(file: Path) -> None:
    for exemption in re.findall(
        r"# zizmor: ignore\[[\w-]+\](.*)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE
    ):
        assert len(exemption.split()) >= 4, exemption
