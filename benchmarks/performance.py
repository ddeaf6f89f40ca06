"""What the benchmarks of speed share: the pairs they export, and where they write it: docs/performance.md."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from pages import write_section  # noqa: E402

from transformers_export.onnx.features import FeaturesManager  # noqa: E402 - found through the line above

PAGE = ROOT / "docs" / "performance.md"

ARCHITECTURES = (
    "albert",
    "bart",
    "beit",
    "bert",
    "big-bird",
    "bigbird-pegasus",
    "blenderbot",
    "blenderbot-small",
    "camembert",
    "convbert",
    "data2vec-text",
    "data2vec-vision",
    "deit",
    "distilbert",
    "electra",
    "flaubert",
    "gpt-neo",
    "gptj",
    "ibert",
    "layoutlm",
    "m2m-100",
    "marian",
    "mbart",
    "mobilebert",
    "gpt2",
    "perceiver",
    "plbart",
    "roberta",
    "roformer",
    "squeezebert",
    "t5",
    "vit",
    "xlm",
    "xlm-roberta",
    "xlm-roberta-xl",
)
"""The 35 that the first release set out with."""
PAIRS = tuple(
    (model_type, feature) for model_type in ARCHITECTURES for feature in FeaturesManager.features_of(model_type)
)
"""Model type and feature of each; 198 when the limits for the whole matrix were set, a few more by now."""


def write(section: str, text: str) -> None:
    """Replace a section of docs/performance.md."""
    write_section(PAGE, section, text)


def machine() -> str:
    """The machine, the versions and the commit, in one line."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--abbrev=9", "--dirty=+", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "onnx", "onnxruntime"))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, Python {platform.python_version()}, {packages}, at {commit}."
