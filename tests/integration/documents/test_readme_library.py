"""The library in ten lines, as the README has it: run to the letter, on a small checkpoint instead of the one named."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from support.repositories import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CHECKPOINT = "distilbert/distilbert-base-uncased"

SMALL_CHECKPOINT = """
import sys
from pathlib import Path
from transformers import AutoModelForMaskedLM, DistilBertConfig
from transformers_export import tiny

config = tiny.shrink(DistilBertConfig())
model = tiny.build_model(AutoModelForMaskedLM, config)
tiny.save_checkpoint(model, tiny.make_preprocessor(config, model), Path(sys.argv[1]))
"""


def run(directory: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        [sys.executable, *command], cwd=directory, env=environment, capture_output=True, text=True, check=False
    )


def test_the_ten_lines_export_and_validate(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", readme, flags=re.MULTILINE | re.DOTALL)
    assert code.count(CHECKPOINT) == 1
    assert len([line for line in code.splitlines() if line]) <= 10
    made = run(tmp_path, "-c", SMALL_CHECKPOINT, str(tmp_path / "checkpoint"))
    assert made.returncode == 0, made.stderr
    done = run(tmp_path, "-c", code.replace(CHECKPOINT, str(tmp_path / "checkpoint")))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "model.onnx").stat().st_size > 1000


def test_the_command_beside_them_does_the_same(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"`python (-m transformers_export\.onnx [^`]*)`", readme)
    assert shown
    made = run(tmp_path, "-c", SMALL_CHECKPOINT, str(tmp_path / "checkpoint"))
    assert made.returncode == 0, made.stderr
    done = run(tmp_path, *shown[1].replace(CHECKPOINT, str(tmp_path / "checkpoint")).split())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All good, model saved at: out/model.onnx" in done.stdout + done.stderr
