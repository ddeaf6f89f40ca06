"""docs/custom-architecture.md is a program that runs, and prints what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from support.repositories import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "custom-architecture.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "program.py").write_text(program, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "program.py"], cwd=folder, env=os.environ, capture_output=True, text=True, check=False
    )


def test_the_three_steps_run_as_they_stand(tmp_path: Path) -> None:
    done = run("".join(blocks("python")), tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(blocks("text")[0])
    assert (tmp_path / "model.onnx").is_file()


def test_a_model_that_takes_another_way_above_some_length_does_not_pass_them(tmp_path: Path) -> None:
    program = "".join(blocks("python"))
    branching = program.replace("hidden + mixed)", "hidden + (2 if input_ids.shape[1] > 20 else 1) * mixed)")
    assert branching != program
    done = run(branching, tmp_path)
    assert done.returncode != 0
    assert "ValidationError: values failed" in done.stderr
