"""A package of custom models on transformers 5, made of the real modeling files that are installed, without any export.

Each model gets a model type of its own, `custom_<name>`, and is registered with the Auto classes it has there; the
features registry is a file that registers nothing yet.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import transformers

from support.repositories import commit, start

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGE = "src/custom_models"
INSTALLED = Path(transformers.__file__).parent / "models"
REGISTRY = '''"""The features registry."""

from transformers_export.onnx import FeaturesManager
'''
MATRIX = """PYTORCH_EXPORT_MODELS = {}
PYTORCH_EXPORT_WITH_PAST_MODELS = {}
PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS = {}
"""
SETTINGS = f"""[project]
name = "custom-models"
version = "0"

[tool.transformers-export]
registry = "{PACKAGE}/features.py"
"""


def make(root: Path, models: Mapping[str, tuple[str, Mapping[str, str]]]) -> dict[str, str]:
    """Build the repository in `root`, with one commit.

    Args:
        root: Where; must not exist yet.
        models: The name of each model in transformers to its configuration class, and Auto classes to model classes.

    Returns:
        The configuration file of each model.
    """
    start(root)
    paths: dict[str, str] = {}
    init: list[str] = ["import transformers", "", "from . import features as features"]
    calls: list[str] = []
    for name, (config, heads) in models.items():
        named = {auto: f"Custom{model}" for auto, model in heads.items()}
        folder = root / PACKAGE / name
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("")
        files = {
            file: (INSTALLED / name / file).read_text() for file in (f"configuration_{name}.py", f"modeling_{name}.py")
        }
        own = [found for text in files.values() for found in re.findall(r"^class (\w+)", text, flags=re.MULTILINE)]
        for file, text in files.items():
            (folder / file).write_text(_moved(text, name, own))
        paths[name] = f"{PACKAGE}/{name}/configuration_{name}.py"
        init.append(f"from .{name}.configuration_{name} import Custom{config}")
        init.append(f"from .{name}.modeling_{name} import {', '.join(sorted(set(named.values())))}")
        calls.append(f'transformers.AutoConfig.register("custom_{name}", Custom{config})')
        calls += [f"transformers.{auto}.register(Custom{config}, {model})" for auto, model in named.items()]
    _write(root, "\n".join([*init, "", *calls, ""]))
    commit(root, "Add models")
    return paths


def _write(root: Path, init: str) -> None:
    (root / "pyproject.toml").write_text(SETTINGS)
    (root / PACKAGE / "__init__.py").write_text(init)
    (root / PACKAGE / "features.py").write_text(REGISTRY)
    (root / "tests" / "onnx").mkdir(parents=True)
    (root / "tests" / "onnx" / "test_onnx_v2.py").write_text(MATRIX)


def _moved(text: str, model_type: str, own: list[str]) -> str:
    """A file of transformers as a file of another package, its classes under names that no Auto class knows."""
    text = re.sub(r"^(\s*)from \.\.\. import", r"\1from transformers import", text, flags=re.MULTILINE)
    text = re.sub(r"^(\s*)from \.\.\.(\w)", r"\1from transformers.\2", text, flags=re.MULTILINE)
    text = re.sub(r"^(\s*)from \.\.(\w)", r"\1from transformers.models.\2", text, flags=re.MULTILINE)
    text = re.sub(rf"\b({'|'.join(own)})\b", r"Custom\1", text)
    return re.sub(
        rf'^(\s*)model_type = "{model_type}', rf'\1model_type = "custom_{model_type}', text, flags=re.MULTILINE
    )
