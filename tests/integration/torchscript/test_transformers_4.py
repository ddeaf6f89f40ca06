"""Tracing in an interpreter with transformers 4.48.0: our configurations, and its own taken as they are."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from support.environments import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = ROOT / "tests" / "support" / "export_matrix.py"
MODELS = ("bart", "bert", "distilbert", "gpt2", "t5", "vit")
"""One architecture of each shape."""


@pytest.mark.parametrize(("registry", "pairs"), [("transformers_export", 38), ("transformers", 33)])
def test_every_feature_gives_exactly_what_the_model_gives(python_4: Path, registry: str, pairs: int) -> None:
    done = subprocess.run(
        [python_4, SCRIPT, registry, "torchscript", *MODELS],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "HF_HUB_OFFLINE": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    cases = [json.loads(line) for line in done.stdout.splitlines()]
    assert [case for case in cases if case["failed"]] == []
    # For one token GPT-2 of 4.48 takes another kernel than for the several it was traced at: it rounds otherwise.
    assert {case["model_type"] for case in cases if case["difference"]} <= {"gpt2"}
    assert max(case["difference"] for case in cases) < 1e-5
    assert len(cases) == pairs
