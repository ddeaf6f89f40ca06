"""What the benchmarks of speed share: the pairs they export, and where they write it: docs/performance.md."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / name) for name in ("src", "tests", "examples")]

from pages import commit, write_section  # noqa: E402

from support.architectures import FIRST  # noqa: E402 - found through the line above
from transformers_export.onnx.features import FeaturesManager  # noqa: E402

PAGE = ROOT / "docs" / "performance.md"

PAIRS = tuple((model_type, feature) for model_type in FIRST for feature in FeaturesManager.features_of(model_type))
"""Model type and feature of each; 198 when the limits for the whole matrix were set, a few more by now."""


def write(section: str, text: str) -> None:
    """Replace a section of docs/performance.md."""
    write_section(PAGE, section, text)


def machine() -> str:
    """The machine, the versions and the commit, in one line."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "onnx", "onnxruntime"))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, Python {platform.python_version()}, {packages}, at {commit()}."
