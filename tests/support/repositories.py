"""Real git repositories for the tests: the example package, and transformers 4.48.0 as its fork's maintainers have it.

The example is built by `examples/make_repository.py`. The sdist of transformers has neither tests/onnx nor docs, so
the matrix and the docs list are put back in their upstream form, derived from the registry by reading it with ast.
"""

from __future__ import annotations

import ast
import tarfile
from pathlib import Path

from make_repository import Repository, commit, git, make_repository, start
from support import environments

__all__ = ["Repository", "commit", "git", "make_repository", "transformers_4"]

ROOT = Path(__file__).resolve().parents[2]

REGISTRY = "src/transformers/onnx/features.py"
MATRIX = "tests/onnx/test_onnx_v2.py"
DOCS = "docs/source/en/serialization.md"
DISTILBERT = "src/transformers/models/distilbert/configuration_distilbert.py"
MPNET = "src/transformers/models/mpnet/configuration_mpnet.py"


def transformers_4(root: Path) -> Repository:
    """Build transformers 4.48.0 as a repository in `root` (which must not exist yet).

    `main` has the matrix and the docs list; branch `harmless` loosens DistilBERT's tolerance in
    configuration_distilbert.py; branch `incomplete` gives MPNet an OnnxConfig and forgets registry, matrix and docs.
    """
    with tarfile.open(environments.transformers_4_source()) as archive:
        archive.extractall(root.parent, filter="data")
    (root.parent / f"transformers-{environments.TRANSFORMERS_4}").rename(root)
    start(root)
    _write(root / MATRIX, matrix_source(root))
    _write(root / DOCS, docs_source(root))
    revisions = {"main": commit(root, "transformers 4.48.0 with its ONNX test matrix and docs")}
    for branch, message, edit in (
        ("harmless", "Loosen DistilBERT's tolerance", _loosen_distilbert),
        ("incomplete", "Export MPNet, forget registry and matrix", _start_mpnet),
    ):
        git(root, "checkout", "--quiet", "-b", branch, "main")
        edit(root)
        revisions[branch] = commit(root, message)
    git(root, "checkout", "--quiet", "main")
    return Repository(root, revisions)


def registry_features(root: Path) -> dict[str, list[str]]:
    """Model type to features, as `_SUPPORTED_MODEL_TYPE` in the registry of the tree at `root` says."""
    entries = _assigned(root / REGISTRY, "_SUPPORTED_MODEL_TYPE")
    assert isinstance(entries, ast.Dict)
    return {
        ast.literal_eval(key): [ast.literal_eval(feature) for feature in call.args]
        for key, call in zip(entries.keys, entries.values, strict=True)
        if key is not None and isinstance(call, ast.Call)
    }


def matrix_source(root: Path) -> str:
    """The matrix in its upstream form: sets of (model type, checkpoint), one set for each kind of model."""
    sets: dict[str, list[str]] = {
        "PYTORCH_EXPORT_ENCODER_DECODER_MODELS": [],
        "PYTORCH_EXPORT_DEFAULT_MODELS": [],
        "PYTORCH_EXPORT_WITH_PAST_MODELS": [],
        "PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS": [],
    }
    for model_type, features in registry_features(root).items():
        sets[_matrix_set(features)].append(model_type)
    in_tensorflow = _mapping_keys(root, "modeling_tf_auto.py", "TF_MODEL_MAPPING_NAMES")
    default = sets["PYTORCH_EXPORT_DEFAULT_MODELS"]
    sets["TENSORFLOW_EXPORT_DEFAULT_MODELS"] = [name for name in default if name.replace("-", "_") in in_tensorflow]
    sets["TENSORFLOW_EXPORT_WITH_PAST_MODELS"] = []
    sets["TENSORFLOW_EXPORT_SEQ2SEQ_WITH_PAST_MODELS"] = []
    return _MATRIX_HEAD + "\n\n".join(_set_source(name, keys) for name, keys in sets.items()) + _MATRIX_TAIL


def docs_source(root: Path) -> str:
    """The docs page with the list of architectures, by the names the models are shown with."""
    names = _assigned(root / "src/transformers/models/auto/configuration_auto.py", "MODEL_NAMES_MAPPING")
    assert isinstance(names, ast.Call)
    shown = dict(ast.literal_eval(names.args[0]))
    listed = sorted({shown.get(key) or shown[key.replace("-", "_")] for key in registry_features(root)}, key=str.lower)
    return _DOCS_HEAD + "".join(f"- {name}\n" for name in listed)


def _matrix_set(features: list[str]) -> str:
    if any("2seq-lm-with-past" in feature for feature in features):
        return "PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS"
    if any(feature.endswith("-with-past") for feature in features):
        return "PYTORCH_EXPORT_WITH_PAST_MODELS"
    if features == ["vision2seq-lm"]:
        return "PYTORCH_EXPORT_ENCODER_DECODER_MODELS"
    return "PYTORCH_EXPORT_DEFAULT_MODELS"


def _set_source(name: str, keys: list[str]) -> str:
    if not keys:
        return f"{name} = {{}}"
    pairs = "".join(f'    ("{key}", "hf-internal-testing/tiny-random-{key}"),\n' for key in keys)
    return f"{name} = {{\n{pairs}}}"


def _mapping_keys(root: Path, file: str, name: str) -> set[str]:
    mapping = _assigned(root / "src/transformers/models/auto" / file, name)
    assert isinstance(mapping, ast.Call)
    return {key.replace("-", "_") for key, _ in ast.literal_eval(mapping.args[0])}


def _assigned(file: Path, name: str) -> ast.expr:
    """What is assigned to `name` somewhere in `file`."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            return node.value
    raise AssertionError(f"{file} assigns no {name}")


def _loosen_distilbert(root: Path) -> None:
    _replace(root / DISTILBERT, '\n\n__all__ = ["DistilBertConfig"', _TOLERANCE + '\n\n__all__ = ["DistilBertConfig"')


def _start_mpnet(root: Path) -> None:
    _replace(root / MPNET, "from ...configuration_utils", _MPNET_IMPORTS + "from ...configuration_utils")
    _replace(
        root / MPNET, "from ...utils import logging", "from ...onnx import OnnxConfig\nfrom ...utils import logging"
    )
    _replace(
        root / MPNET, '__all__ = ["MPNetConfig"]', _MPNET_ONNX_CONFIG + '__all__ = ["MPNetConfig", "MPNetOnnxConfig"]'
    )


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file} has {old!r} {text.count(old)} times, expected once"
    file.write_text(text.replace(old, new), encoding="utf-8")


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


_MATRIX_HEAD = """import unittest

from parameterized import parameterized

from transformers.onnx.features import FeaturesManager


"""

_MATRIX_TAIL = """


def _get_models_to_test(export_models):
    return sorted(
        (name, model, feature)
        for name, model in export_models
        for feature in FeaturesManager.get_supported_features_for_model_type(name)
    )


class OnnxExportTestCaseV2(unittest.TestCase):
    @parameterized.expand(_get_models_to_test(PYTORCH_EXPORT_DEFAULT_MODELS))
    def test_pytorch_export(self, name, model, feature):
        self.assertIn(feature, FeaturesManager.get_supported_features_for_model_type(name))
"""

_DOCS_HEAD = """# Export to ONNX

Ready-made configurations include the following architectures:

<!--This table is automatically generated by `make fix-copies`, do not fill manually!-->

"""

_TOLERANCE = """
    @property
    def atol_for_validation(self) -> float:
        return 1e-4
"""

_MPNET_IMPORTS = """from collections import OrderedDict
from typing import Mapping

"""

_MPNET_ONNX_CONFIG = """class MPNetOnnxConfig(OnnxConfig):
    @property
    def inputs(self) -> Mapping[str, Mapping[int, str]]:
        if self.task == "multiple-choice":
            dynamic_axis = {0: "batch", 1: "choice", 2: "sequence"}
        else:
            dynamic_axis = {0: "batch", 1: "sequence"}
        return OrderedDict([("input_ids", dynamic_axis), ("attention_mask", dynamic_axis)])


"""
