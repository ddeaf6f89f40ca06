"""The example's own matrix runs, as its maintainers would run it, and fails on the planted divergence."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from support.repositories import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from support.repositories import Repository


@pytest.mark.parametrize(
    ("branch", "case", "outcome"),
    [("complete", "acme-magpie-causal-lm-with-past", "1 passed"), ("diverging", "acme-heron-masked-lm", "1 failed")],
)
def test_the_examples_matrix(
    example_repository: Repository, example_python: Path, branch: str, case: str, outcome: str
) -> None:
    example_repository.checkout(branch)
    node = f"tests/onnx/test_onnx_v2.py::test_export[{case}]"
    run = subprocess.run(
        [str(example_python), "-m", "pytest", "-q", "-p", "no:cacheprovider", node],
        cwd=example_repository.root,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome in run.stdout, run.stdout + run.stderr
