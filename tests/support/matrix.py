"""Runs `export_matrix.py` in another interpreter."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from support.environments import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SUPPORT = ROOT / "tests" / "support"


def exported(python: Path, registry: str, exporter: str, *wanted: str) -> list[dict[str, Any]]:
    """One record a case: `wanted` are model types, each with all features or, as `gpt2:default`, with one."""
    return printed(python, SUPPORT / "export_matrix.py", registry, exporter, *wanted)


def printed(python: Path, script: Path, *arguments: str) -> list[dict[str, Any]]:
    """The JSON lines that a script prints in `python`, which gets our source on its path."""
    done = subprocess.run(
        [python, script, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "HF_HUB_OFFLINE": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]
