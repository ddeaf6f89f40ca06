"""The other exporters, each in an environment of its own, made once and kept where the tests keep theirs.

    python benchmarks/peers_environments.py

makes both and prints their interpreters: two minutes and 2 GB the first time.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support import environments  # noqa: E402 - found through the line above

CONSTRAINTS_OPTIMUM = ROOT / "benchmarks" / "constraints-optimum-onnx.txt"


def optimum_onnx() -> Path:
    """An interpreter with optimum-onnx 0.1.0 and the newest transformers that it allows."""
    return environments.pinned("optimum-onnx-0.1.0", CONSTRAINTS_OPTIMUM)


def transformers_onnx() -> Path:
    """An interpreter with transformers 4.48.0, of which `transformers.onnx` is a part."""
    return environments.transformers_4()


if __name__ == "__main__":
    print(optimum_onnx(), transformers_onnx(), sep="\n")
