"""Small models for the tests of TorchScript, and a process that can load what they leave with torch alone."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers_export import tiny
from transformers_export.cases.providers import configuration_class
from transformers_export.onnx import FeaturesManager

SOURCE = Path(__file__).resolve().parents[2] / "src"

ONNX = ("onnx", "onnxruntime", "onnxscript", "onnx_ir")
BLOCKED = ("transformers", *ONNX, "tokenizers", "safetensors")


@dataclass(frozen=True)
class Small:
    """A small model and what belongs to it."""

    model: Any
    preprocessor: Any
    config: Any
    """Its OnnxConfig."""


def small(model_type: str, feature: str = "default", **changes: Any) -> Small:
    """Build one registered model; `changes` go to its configuration."""
    config = tiny.shrink(tiny.start(configuration_class(model_type)))
    for name, value in changes.items():
        setattr(config, name, value)
    model_class = FeaturesManager.get_model_class_for_feature(feature, model_type=model_type)
    model = tiny.build_model(model_class, config)
    onnx_config = FeaturesManager.get_config(model_type, feature)(model.config)
    return Small(model, tiny.make_preprocessor(config, model), onnx_config)


def with_torch_alone(script: str, *arguments: str | Path) -> str:
    """Run a script in a fresh process in which importing transformers or onnx fails; return what it printed."""
    return without(BLOCKED, script, *arguments)


def without(blocked: tuple[str, ...], script: str, *arguments: str | Path) -> str:
    """Run a script in a fresh process in which importing some packages fails; return what it printed."""
    block = f"import sys\nfor name in {blocked!r}:\n    sys.modules[name] = None\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block + script, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        check=False,
    )
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
    return done.stdout
