"""Real models of transformers 4.48.0 as others have them: a package of custom models, and a Hub folder.

DistilBERT, GPT-2 and ResNet with their own configurations and models; imports of transformers are written out, model
types get a name of their own.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from support.static import repository

if TYPE_CHECKING:
    from pathlib import Path

MODELS = "src/transformers/models"
ZOO = "src/zoo"
REGISTRY, MATRIX, DOCS = f"{ZOO}/exports.py", "tests/exported.py", "docs/models.md"
KEYS = {"distilbert": "zoo-distilbert", "gpt2": "zoo-gpt2", "resnet": "zoo-resnet"}
_CLASSES = {
    "distilbert": ("DistilBert", {"AutoModel": "Model", "AutoModelForMaskedLM": "ForMaskedLM"}),
    "gpt2": ("GPT2", {"AutoModel": "Model", "AutoModelForCausalLM": "LMHeadModel"}),
    "resnet": ("ResNet", {"AutoModel": "Model", "AutoModelForImageClassification": "ForImageClassification"}),
}
_FEATURES = {
    "distilbert": ("default", "masked-lm"),
    "gpt2": ("default", "default-with-past", "causal-lm", "causal-lm-with-past"),
    "resnet": ("default", "image-classification"),
}


def package(root: Path, transformers: Path) -> Path:
    """A repository of a package; settings name the registry, the matrix and the docs page."""
    files = {
        "pyproject.toml": _PYPROJECT,
        f"{ZOO}/__init__.py": _package_init(),
        REGISTRY: "from transformers_export.onnx import FeaturesManager\n\n" + "\n".join(map(_entry, KEYS)),
        MATRIX: _MATRIX,
        DOCS: "# Models\n\n| model | task |\n|---|---|\n" + "".join(f"| {key} | text |\n" for key in KEYS.values()),
    }
    for name in KEYS:
        files[f"{ZOO}/{name}/__init__.py"] = f"from .configuration_{name} import *\nfrom .modeling_{name} import *\n"
        for kind in ("configuration", "modeling"):
            files[f"{ZOO}/{name}/{kind}_{name}.py"] = source(transformers, name, kind)
    return repository(root, files)


def hub(root: Path, transformers: Path) -> Path:
    """A Hub folder with DistilBERT: its files beside config.json."""
    files = {
        f"{kind}_distilbert.py": source(transformers, "distilbert", kind) for kind in ("configuration", "modeling")
    }
    files["tokenization_distilbert.py"] = source(transformers, "distilbert", "tokenization")
    auto_map = {
        "AutoConfig": "configuration_distilbert.DistilBertConfig",
        "AutoModel": "modeling_distilbert.DistilBertModel",
        "AutoModelForMaskedLM": "modeling_distilbert.DistilBertForMaskedLM",
    }
    files["config.json"] = json.dumps({"model_type": "zoo_distilbert", "auto_map": auto_map}, indent=2) + "\n"
    pair = ["tokenization_distilbert.DistilBertTokenizer", None]
    files["tokenizer_config.json"] = json.dumps({"auto_map": {"AutoTokenizer": pair}}, indent=2) + "\n"
    files["pyproject.toml"] = '[project]\nname = "weights"\nversion = "1"\ndependencies = ["transformers>=4.48"]\n'
    return repository(root, files)


def source(transformers: Path, name: str, kind: str) -> str:
    """A real file whose imports of transformers are written out."""
    text = (transformers / MODELS / name / f"{kind}_{name}.py").read_text(encoding="utf-8")
    text = text.replace("from ...onnx import", "from transformers_export.onnx import")
    text = re.sub(r"from \.\.\. import", "from transformers import", text)
    text = re.sub(r"from \.\.\.(\w)", r"from transformers.\1", text)
    return text.replace(f'model_type = "{name}"', f'model_type = "zoo_{name}"')


def _entry(name: str) -> str:
    features = "".join(f'    "{feature}",\n' for feature in _FEATURES[name])
    owner = f"{_CLASSES[name][0]}OnnxConfig"
    return f'FeaturesManager.register(\n    "{KEYS[name]}",\n{features}    onnx_config="zoo.{name}.{owner}",\n)\n'


def _package_init() -> str:
    autos = sorted({auto for _, heads in _CLASSES.values() for auto in heads})
    lines = [f"from transformers import {', '.join(['AutoConfig', *autos])}\n"]
    for name, (stem, heads) in _CLASSES.items():
        classes = [f"{stem}Config", *(stem + head for head in heads.values())]
        lines.append(f"from .{name} import {', '.join(classes)}")
    for name, (stem, heads) in _CLASSES.items():
        lines.append(f'AutoConfig.register("zoo_{name}", {stem}Config)')
        lines += [f"{auto}.register({stem}Config, {stem}{head})" for auto, head in heads.items()]
    return "\n".join(lines) + "\n"


_PYPROJECT = f"""\
[project]
name = "zoo"
version = "1"
dependencies = ["transformers>=5", "transformers-export"]

[tool.transformers-export]
registry = "{REGISTRY}"
matrix = "{MATRIX}"
docs = "{DOCS}"
"""

_MATRIX = """\
PYTORCH_EXPORT_MODELS = {
    ("zoo-distilbert", "zoo/distilbert"),
    ("zoo-resnet", "zoo/resnet"),
}

PYTORCH_EXPORT_WITH_PAST_MODELS = {
    ("zoo-gpt2", "zoo/gpt2"),
}
"""
