"""The workflows people paste pass the linters they would run on them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.repositories import ROOT

WORKFLOW = ROOT / "examples" / "workflow.yml"
TOOLS = Path(sys.executable).parent


def lint(file: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}"}
    return subprocess.run([*command, str(file)], env=environment, capture_output=True, text=True, check=False)


ACTIONLINT = ("actionlint",)
ZIZMOR = ("zizmor", "--offline", "--no-progress", "--persona", "pedantic")
ALL = sorted((ROOT / "examples").glob("*.yml"))


@pytest.mark.parametrize("command", [ACTIONLINT, ZIZMOR], ids=lambda command: command[0])
@pytest.mark.parametrize("workflow", ALL, ids=lambda workflow: workflow.name)
def test_a_workflow_to_paste_is_lint_clean(workflow: Path, command: tuple[str, ...]) -> None:
    done = lint(workflow, *command)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("command", "sound", "faulty"),
    [
        (ACTIONLINT, "runs-on: ubuntu-latest", "runs_on: ubuntu-latest"),
        (ZIZMOR, "persist-credentials: false", "fetch-depth: 0"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_the_linters_would_find_a_fault(command: tuple[str, ...], sound: str, faulty: str, tmp_path: Path) -> None:
    text = WORKFLOW.read_text(encoding="utf-8")
    assert sound in text
    file = tmp_path / ".github" / "workflows" / "fork-check.yml"
    file.parent.mkdir(parents=True)
    file.write_text(text.replace(sound, faulty), encoding="utf-8")
    done = lint(file, *command)
    assert done.returncode not in (0, 127), done.stdout + done.stderr
