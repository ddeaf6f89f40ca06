"""transformers as it was written in nine moments between July 2021 and version 5, made from the sources of 4.48.0.

Each `Era` says in which form registry, matrix, docs, Auto tables and package exports stood; `written` rewrites the
4.48.0 tree into it. Models, signatures and configurations stay the real ones; what an era had no ONNX configuration
for loses its own. How the files are written in each form is in `eras.py`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from support import eras
from support.repositories import DOCS, MATRIX, REGISTRY, Repository, commit, git, registry_features

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MODELS = "src/transformers/models"
FIRST_REGISTRY = "src/transformers/onnx/__main__.py"
OLD_MATRIX = "tests/test_onnx_v2.py"

_JULY = frozenset({"albert", "bart", "bert", "distilbert", "gpt2", "longformer", "roberta", "t5", "xlm-roberta"})
_OCTOBER = _JULY | {"camembert", "gpt-neo", "layoutlm", "mbart"}
_MARCH = _OCTOBER | {
    *("beit", "big-bird", "blenderbot", "blenderbot-small", "convbert", "data2vec-text", "deit", "electra", "flaubert"),
    *("gptj", "ibert", "m2m-100", "marian", "roformer", "vit"),
}
_SEVEN = frozenset({"default", "causal-lm", "seq2seq-lm", "multiple-choice", "question-answering"}) | {
    "sequence-classification",
    "token-classification",
}

Files = dict[str, "bytes | None"]


@dataclass(frozen=True)
class Era:
    """How the parts of the tree were written; None for a part it did not have."""

    name: str
    registry: Literal["constructors", "classes", "strings"] | None
    matrix: str | None = MATRIX
    tuples: Literal[2, 5] = 2
    docs: str | None = DOCS
    models: frozenset[str] | None = None
    """The registered keys; None for those of 4.48.0."""
    tasks: frozenset[str] | None = None
    table: str = "_SUPPORTED_MODEL_TYPE"
    tensorflow: bool = True
    exports: Literal["import-structure", "all-list"] = "import-structure"
    tables_of_classes: bool = False
    """Auto tables of classes in place of names."""


ERAS = {
    era.name: era
    for era in (
        Era(
            "2021-07", "constructors", OLD_MATRIX, 5, "docs/source/serialization.rst", _JULY, frozenset({"default"}),
            "SUPPORTED_MODEL_KIND", tensorflow=False, tables_of_classes=True,
        ),
        Era(
            "2021-10", "classes", OLD_MATRIX, 5, "docs/source/serialization.rst", _OCTOBER, _SEVEN,
            "_SUPPORTED_MODEL_KIND", tensorflow=False,
        ),
        Era(
            "2022-01", "classes", OLD_MATRIX, 2, "docs/source/serialization.mdx", _OCTOBER, _SEVEN,
            "_SUPPORTED_MODEL_KIND", tensorflow=False,
        ),
        Era("2022-03", "classes", MATRIX, 2, "docs/source/en/serialization.mdx", _MARCH),
        Era("2022-09", "strings", docs="docs/source/en/serialization.mdx"),
        Era("2023-06", "strings"),
        Era("2023-12", "strings", matrix=None, docs=None),
        Era("2025-01", "strings", exports="all-list"),
        Era("2025-12", None, matrix=None, docs=None, exports="all-list"),
    )
}  # fmt: skip


def written(root: Path, era: Era) -> Files:
    """What the tree of an era has in place of the 4.48.0 tree in `root`; None for a file it did not have."""
    features = _features(root, era)
    classes = _registered_classes(root)
    files: Files = {}
    for path in sorted((root / MODELS).glob("**/configuration_*.py")):
        text = path.read_text(encoding="utf-8")
        if "OnnxConfig" in text and era.name != "2025-01":
            name = path.relative_to(root).as_posix()
            files[name] = _configuration(text, era, {classes[key][1] for key in features}).encode()
    if era.exports == "import-structure":
        for folder in sorted({path.rpartition("/")[0] for path in files}):
            files[f"{folder}/__init__.py"] = eras.package_init(_listed(root, folder, files)).encode()
        files.update((path, eras.without_list(content or b"")) for path, content in list(files.items()))
    files.update(_registry(root, era, features, classes))
    if era.tables_of_classes:
        files.update(eras.class_tables(root))
    if era.matrix != MATRIX or era.tuples == 5 or era.models:
        files[MATRIX] = None
    if era.matrix and era.models:
        names = {key: classes[key] for key in features}
        files[era.matrix] = eras.matrix(features, names, era.tuples, tensorflow=era.tensorflow).encode()
    if era.docs != DOCS:
        files[DOCS] = None
    if era.docs and era.docs != DOCS:
        files[era.docs] = eras.docs(
            (root / DOCS).read_text(encoding="utf-8"), era.docs, _shown(root, features)
        ).encode()
    return files


def history(root: Path, repository: Repository, names: Sequence[str] = tuple(ERAS)) -> Repository:
    """A repository in `root` with one commit an era, each also a branch of the era's name, oldest first."""
    git(repository.root, "clone", "--quiet", "--shared", "--branch", "main", str(repository.root), str(root))
    revisions = {}
    for name in names:
        era = ERAS[name]
        git(root, "checkout", "--quiet", "-B", name)
        git(root, "checkout", "--quiet", "origin/main", "--", ".")
        _write(root, written(repository.root, era), gone=_others(era))
        revisions[name] = commit(root, f"transformers as it was written in {name}")
    return Repository(root, revisions)


def _write(root: Path, files: Mapping[str, bytes | None], gone: frozenset[str]) -> None:
    for path in gone:
        (root / path).unlink(missing_ok=True)
    for path, content in files.items():
        file = root / path
        if content is None:
            file.unlink(missing_ok=True)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)


def _others(era: Era) -> frozenset[str]:
    """Matrices and docs pages that other eras have at another place."""
    places = {place for each in ERAS.values() for place in (each.matrix, each.docs) if place}
    return frozenset(places - {MATRIX, DOCS, era.matrix, era.docs})


def _features(root: Path, era: Era) -> dict[str, list[str]]:
    """What the era registers: of what 4.48.0 registers the models and tasks it had."""
    return {
        key: [name for name in names if era.tasks is None or name.replace("-with-past", "") in era.tasks]
        if era.registry != "constructors"
        else ["default"]
        for key, names in registry_features(root).items()
        if era.registry and (era.models is None or key in era.models)
    }


def _registered_classes(root: Path) -> dict[str, tuple[str, str]]:
    """Key to (package, class) as the registry of 4.48.0 names them."""
    found = {}
    for node in ast.walk(ast.parse((root / REGISTRY).read_text(encoding="utf-8"))):
        for key, value in zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ():
            if isinstance(value, ast.Call) and value.keywords and value.keywords[0].arg == "onnx_config_cls":
                _, package, name = ast.literal_eval(value.keywords[0].value).split(".")
                found[ast.literal_eval(key)] = (package, name)
    return found


def _configuration(text: str, era: Era, kept: set[str]) -> str:
    """A configuration file with the ONNX classes of the era: all, those it registers, or none."""
    if era.registry is None:
        return eras.without_imports(eras.without_classes(text, lambda name: name.endswith("OnnxConfig")))
    if era.models is None:
        return text
    text = eras.without_classes(text, lambda name: name.endswith("OnnxConfig") and name not in kept)
    return eras.july_classes(text) if era.registry == "constructors" else text


def _listed(root: Path, folder: str, files: Files) -> dict[str, list[str]]:
    """Module to the names in its `__all__`, for every module of a package."""
    found = {}
    for path in sorted((root / folder).glob("*.py")):
        name = path.relative_to(root).as_posix()
        content = files.get(name) or path.read_bytes()
        names = eras.listed(content.decode())
        if names:
            found[path.stem] = names
    return found


def _registry(root: Path, era: Era, features: dict[str, list[str]], classes: dict[str, tuple[str, str]]) -> Files:
    if era.registry is None:
        return {path.relative_to(root).as_posix(): None for path in (root / REGISTRY).parent.glob("*.py")}
    if era.registry == "strings":
        return {}
    config = "src/transformers/onnx/config.py"
    if era.registry == "constructors":
        return {
            REGISTRY: None,
            FIRST_REGISTRY: eras.first_registry(classes, features).encode(),
            config: eras.JULY_CONFIG,
        }
    base = (root / config).read_bytes()
    if era.table == "_SUPPORTED_MODEL_KIND":
        base = base.replace(b"_tasks_to_common_outputs", b"_TASKS_TO_COMMON_OUTPUTS")
    text = eras.registry((root / REGISTRY).read_text(encoding="utf-8"), era.table, classes, features, era.tensorflow)
    return {REGISTRY: text.encode(), config: base}


def _shown(root: Path, features: dict[str, list[str]]) -> list[str]:
    """The names the models of the era are shown with."""
    names = eras.shown((root / f"{MODELS}/auto/configuration_auto.py").read_text(encoding="utf-8"))
    return sorted((names.get(key) or names[key.replace("-", "_")] for key in features), key=str.lower)
