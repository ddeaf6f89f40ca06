"""What `--fix` makes of small repositories: every form and layout, one fix after another, what is left to people."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from support import static
from support.static import ALPHA, AUTO, BETA, MATRIX, MODELS, REGISTRY, edit, repository, write
from transformers_export.fixing import Fixes, as_diff, find_fixes

if TYPE_CHECKING:
    from pathlib import Path

ALPHA_ENTRY = """\
        "alpha": supported_features_mapping("default", onnx_config_cls="models.alpha.AlphaOnnxConfig"),
"""
BETA_ENTRY = """\
        "beta-two": supported_features_mapping(
            "default",
            "causal-lm",
            "causal-lm-with-past",
            onnx_config_cls="models.beta_two.BetaTwoOnnxConfig",
        ),
"""
BETA_TESTED = '    ("beta-two", "hf-internal-testing/tiny-random-BetaTwoModel"),\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repository(tmp_path / "r")


def fix(root: Path, base: str | None = "HEAD", *, strict: bool = False) -> Fixes:
    found = static.check(root, base)
    changed = found.changes.paths if found.changes else None
    return find_fixes(
        found.project, found.head, found.base, changed, ignore=found.project.settings.ignore, strict=strict
    )


def apply(root: Path, fixes: Fixes) -> None:
    for path, content in fixes.files.items():
        (root / path).write_bytes(content)


def read(root: Path, path: str) -> str:
    return (root / path).read_text(encoding="utf-8")


def test_a_class_is_registered_with_every_feature_and_put_into_the_matrix(root: Path) -> None:
    edit(root, REGISTRY, BETA_ENTRY, "")
    edit(root, MATRIX, BETA_TESTED, "")
    fixes = fix(root)
    apply(root, fixes)
    assert read(root, REGISTRY) == static.TRANSFORMERS_4[REGISTRY].replace(
        BETA_ENTRY, BETA_ENTRY.replace('"default",\n', '"default",\n            "default-with-past",\n')
    )
    assert fixes.what == (
        'Register BetaTwoOnnxConfig as "beta-two" with default, default-with-past, causal-lm, causal-lm-with-past in '
        f"{REGISTRY}.",
        f'Add "beta-two" to PYTORCH_EXPORT_WITH_PAST_MODELS in {MATRIX}.',
    )
    assert [item for item in static.check(root).findings if item.severity == "error"] == []
    assert fix(root).files == {}


def test_a_checkpoint_nobody_names_is_said_to_be_proposed(root: Path) -> None:
    files = {
        f"{MODELS}/{name}/configuration_{name}.py": read(root, ALPHA).replace("alpha", name).replace("Alpha", up)
        for name, up in (("gamma", "Gamma"), ("delta", "Delta"))
    }
    write(root, {**files, f"{MODELS}/gamma/__init__.py": "", f"{MODELS}/delta/__init__.py": ""})
    entries = "".join(ALPHA_ENTRY.replace("alpha", name).replace("Alpha", name.title()) for name in ("delta", "gamma"))
    edit(root, REGISTRY, ALPHA_ENTRY, ALPHA_ENTRY + entries)
    edit(root, MATRIX, "tiny-random-AlphaModel", "tiny-random-alpha")
    edit(root, MATRIX, "tiny-random-BetaTwoModel", "tiny-random-beta-two")
    edit(
        root,
        f"{MODELS}/delta/configuration_delta.py",
        "(PretrainedConfig):\n",
        '(PretrainedConfig):\n    """As [acme/delta](https://huggingface.co/acme/delta)."""\n\n',
    )
    fixes = fix(root)
    assert '("delta", "acme/delta")' in fixes.files[MATRIX].decode()
    assert '("gamma", "hf-internal-testing/tiny-random-gamma")' in fixes.files[MATRIX].decode()
    assert [note.partition(":")[0] for note in fixes.notes] == [
        'The checkpoint of "delta", acme/delta, is derived',
        'The checkpoint of "gamma", hf-internal-testing/tiny-random-gamma, is proposed and may not exist',
    ]


def test_where_checkpoints_follow_no_pattern_the_entry_is_left_to_people(root: Path) -> None:
    edit(root, MATRIX, BETA_TESTED, "")
    edit(root, MATRIX, "hf-internal-testing/tiny-random-AlphaModel", "acme/first")
    assert fix(root).files == {}
    assert fix(root).notes == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from ..models.alpha import AlphaOnnxConfig\n", "from ..models.beta_two import BetaTwoOnnxConfig\n"),
        (
            "from transformers.models.alpha import AlphaOnnxConfig\n",
            "from transformers.models.beta_two import BetaTwoOnnxConfig\n",
        ),
    ],
)
def test_the_form_of_4_12(root: Path, before: str, after: str) -> None:
    """Classes in place of strings, `_SUPPORTED_MODEL_KIND`, `_import_structure` and a matrix of tuples of five."""
    inits = {
        f"{MODELS}/{name}/__init__.py": OLD_INIT.format(name=name, up=up)
        for name, up in (("alpha", "Alpha"), ("beta_two", "BetaTwo"))
    }
    write(root, {**inits, MATRIX: OLD_MATRIX})
    entry = ALPHA_ENTRY.replace('"models.alpha.AlphaOnnxConfig"', "AlphaOnnxConfig")
    edit(root, REGISTRY, ALPHA_ENTRY + BETA_ENTRY, entry)
    edit(root, REGISTRY, "_SUPPORTED_MODEL_TYPE", "_SUPPORTED_MODEL_KIND")
    edit(root, REGISTRY, "from transformers.models.auto", before + "from transformers.models.auto")
    edit(root, AUTO, '("alpha", "AlphaModel"), ', "")  # alpha is in order as it is
    edit(
        root,
        f"{MODELS}/beta_two/modeling_beta_two.py",
        "from ...modeling_outputs",
        '_CHECKPOINT_FOR_DOC = "acme/beta"\n\nfrom ...modeling_outputs',
    )
    static.commit(root, "As it was in 2021")
    edit(root, f"{MODELS}/beta_two/__init__.py", ', "BetaTwoOnnxConfig"]', "]")
    edit(root, f"{MODELS}/beta_two/__init__.py", "BetaTwoConfig, BetaTwoOnnxConfig", "BetaTwoConfig")
    edit(root, BETA, "    pass", "    a = 1")
    fixes = fix(root, "HEAD", strict=True)
    apply(root, fixes)
    assert after in read(root, REGISTRY)
    assert "            onnx_config_cls=BetaTwoOnnxConfig,\n" in read(root, REGISTRY)
    assert read(root, f"{MODELS}/beta_two/__init__.py") == inits[f"{MODELS}/beta_two/__init__.py"]
    assert read(root, MATRIX) == OLD_MATRIX.replace(
        "AlphaConfig, AlphaModel", "AlphaConfig, AlphaModel, BetaTwoConfig, BetaTwoModel"
    ).replace(
        "import AlphaOnnxConfig\n",
        "import AlphaOnnxConfig\nfrom transformers.models.beta_two import BetaTwoOnnxConfig\n",
    ).replace(
        "AlphaOnnxConfig),\n",
        'AlphaOnnxConfig),\n    ("BETA-TWO", "acme/beta", BetaTwoModel, BetaTwoConfig, BetaTwoOnnxConfig),\n',
    )
    assert [item for item in static.check(root).findings if item.severity == "error" and item.status != "fixed"] == []
    assert fix(root, "HEAD", strict=True).files == {}


OLD_INIT = """\
from typing import TYPE_CHECKING

_import_structure = {{
    "configuration_{name}": ["{up}Config", "{up}OnnxConfig"],
}}
if TYPE_CHECKING:
    from .configuration_{name} import {up}Config, {up}OnnxConfig
"""
OLD_MATRIX = """\
from transformers import AlphaConfig, AlphaModel
from transformers.models.alpha import AlphaOnnxConfig

PYTORCH_EXPORT_DEFAULT_MODELS = {
    ("ALPHA", "acme/alpha", AlphaModel, AlphaConfig, AlphaOnnxConfig),
}
"""


def test_the_form_of_4_9(root: Path) -> None:
    edit(root, REGISTRY, ALPHA_ENTRY + BETA_ENTRY, '        "alpha": {"default": AlphaOnnxConfig.default},\n')
    edit(root, REGISTRY, "_SUPPORTED_MODEL_TYPE", "SUPPORTED_MODEL_KIND")
    edit(
        root,
        REGISTRY,
        "from transformers.models.auto",
        "from ..models.alpha import AlphaOnnxConfig\nfrom transformers.models.auto",
    )
    fixes = fix(root)
    assert '        "beta-two": {"default": BetaTwoOnnxConfig.default},\n' in fixes.files[REGISTRY].decode()
    apply(root, fixes)
    assert ("new", "unregistered", "BetaTwoOnnxConfig") not in static.check(root).said


PACKAGE = {
    "pyproject.toml": '[project]\nname = "acme"\ndependencies = ["transformers>=5", "transformers-export"]\n',
    "src/acme/__init__.py": (
        "from transformers import AutoModel, AutoModelForCausalLM\n"
        "from .fox.configuration_fox import FoxConfig, FoxOnnxConfig\n"
        "from .owl.configuration_owl import OwlConfig, OwlOnnxConfig\n"
        "AutoModel.register(FoxConfig, FoxModel)\nAutoModel.register(OwlConfig, OwlModel)\n"
        "AutoModelForCausalLM.register(OwlConfig, OwlForCausalLM)\n"
    ),
    "src/acme/features.py": (
        "from transformers_export.onnx import FeaturesManager\n\n"
        'FeaturesManager.register("fox", "default", onnx_config="acme.fox.FoxOnnxConfig")\n'
    ),
    **{f"src/acme/{name}/__init__.py": f"from .configuration_{name} import *\n" for name in ("fox", "owl")},
    **{
        f"src/acme/{name}/configuration_{name}.py": (
            "from transformers import PretrainedConfig\n"
            "from transformers_export.onnx import OnnxConfigWithPast\n\n\n"
            f'class {up}Config(PretrainedConfig):\n    model_type = "{name}"\n\n\n'
            f"class {up}OnnxConfig(OnnxConfigWithPast):\n    pass\n\n\n"
            f'__all__ = ["{up}Config", "{up}OnnxConfig"]\n'
        )
        for name, up in (("fox", "Fox"), ("owl", "Owl"))
    },
    "tests/onnx/test_onnx_v2.py": (
        'PYTORCH_EXPORT_MODELS = {\n    ("fox", "FoxConfig"),\n}\nPYTORCH_EXPORT_WITH_PAST_MODELS: set = set()\n'
    ),
    "docs/list.md": "# Models\n\n* fox\n* zebra\n",
}
OWL = "src/acme/owl/configuration_owl.py"


def test_a_package_gets_a_call_a_matrix_entry_and_a_line_in_its_docs(tmp_path: Path) -> None:
    settings = PACKAGE["pyproject.toml"] + '\n[tool.transformers-export]\ndocs = "docs/list.md"\n'
    root = repository(tmp_path / "r", {**PACKAGE, "pyproject.toml": settings})
    fixes = fix(root, None)
    assert {path: text.decode() for path, text in fixes.files.items()} == {
        "src/acme/features.py": PACKAGE["src/acme/features.py"]
        + "FeaturesManager.register(\n"
        + '    "owl",\n    "default",\n    "default-with-past",\n    "causal-lm",\n    "causal-lm-with-past",\n'
        + '    onnx_config="acme.owl.OwlOnnxConfig",\n)\n',
        "tests/onnx/test_onnx_v2.py": PACKAGE["tests/onnx/test_onnx_v2.py"].replace(
            "set()\n", '{\n    ("owl", "OwlConfig"),\n}\n'
        ),
        "docs/list.md": "# Models\n\n* fox\n* owl\n* zebra\n",
    }
    apply(root, fixes)
    assert fix(root, None).files == {}


def test_a_package_imports_from_where_the_names_are_now(tmp_path: Path) -> None:
    old = "from transformers.onnx import OnnxConfigWithPast\n"
    text = PACKAGE[OWL].replace("from transformers_export.onnx import OnnxConfigWithPast\n", old)
    root = repository(tmp_path / "r", {**PACKAGE, OWL: text})
    assert fix(root, None).files[OWL].decode() == PACKAGE[OWL]
    write(root, {OWL: text.replace(old, old + "from transformers.onnx.utils import ParameterFormat\n")})
    assert OWL not in fix(root, None).files


def test_an_ignore_that_ignores_nothing_is_taken_out(root: Path) -> None:
    comment = "  # transformers-export: ignore[not-exported] why"
    edit(root, ALPHA, "class AlphaOnnxConfig(OnnxConfig):", f"class AlphaOnnxConfig(OnnxConfig):{comment}")
    assert fix(root).files == {ALPHA: static.TRANSFORMERS_4[ALPHA].encode()}
    edit(root, ALPHA, "ignore[not-exported]", "ignore[not-expoted]")
    assert fix(root).files == {}


def test_two_entries_that_differ_are_left_to_people(root: Path) -> None:
    edit(root, REGISTRY, ALPHA_ENTRY, ALPHA_ENTRY * 3)
    assert fix(root).files == {REGISTRY: static.TRANSFORMERS_4[REGISTRY].encode()}
    text = read(root, REGISTRY).replace(
        '"default", onnx_config_cls="models.alpha', '"default", "x", onnx_config_cls="models.alpha', 1
    )
    write(root, {REGISTRY: text})
    assert REGISTRY not in fix(root).files


def test_what_stands_or_is_ignored_is_left_alone(root: Path) -> None:
    edit(root, ALPHA, ', "AlphaOnnxConfig"]', "]")
    static.commit(root, "One defect")
    edit(root, ALPHA, "    pass", "    a = 1")
    assert fix(root).files == {}
    assert fix(root, strict=True).what == (f"Add AlphaOnnxConfig to __all__ of {ALPHA}.",)
    write(root, {"pyproject.toml": '[tool.transformers-export.ignore]\nnot-exported = "why"\n'})
    assert fix(root, strict=True).files == {}


def test_what_cannot_be_edited_says_why_and_keeps_nothing_else_from_it(root: Path) -> None:
    edit(root, ALPHA, ', "AlphaOnnxConfig"]', "]")
    edit(root, BETA, ', "BetaTwoOnnxConfig"]', "]")
    write(root, {ALPHA: read(root, ALPHA) + "\x0cx = 1\n"})
    fixes = fix(root)
    assert set(fixes.files) == {BETA}
    assert fixes.notes == (
        f"not-exported of AlphaOnnxConfig was not fixed: {ALPHA} could not be edited: its line breaks or its encoding "
        "would not be kept.",
    )


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_git_applies_the_diff(root: Path, ending: str) -> None:
    edit(root, MATRIX, BETA_TESTED, "")
    write(root, {ALPHA: read(root, ALPHA).replace(', "AlphaOnnxConfig"]', "]").rstrip()})
    edit(root, MATRIX, "tiny-random-AlphaModel", "tiny-random-alpha")
    for path in (ALPHA, MATRIX):
        (root / path).write_bytes(read(root, path).replace("\n", ending).encode())
    fixes = fix(root)
    assert set(fixes.files) == {ALPHA, MATRIX}
    shown = as_diff(fixes)
    assert shown
    patch = "".join(file.diff for file in shown.files)
    subprocess.run(["git", "apply", "-"], cwd=root, input=patch.encode(), check=True)
    assert {path: (root / path).read_bytes() for path in fixes.files} == fixes.files


def test_a_file_that_is_not_in_utf_8_has_no_diff_and_that_is_said(root: Path) -> None:
    text = "# -*- coding: latin-1 -*-\n# \xe9\n" + read(root, ALPHA).replace(', "AlphaOnnxConfig"]', "]")
    (root / ALPHA).write_bytes(text.encode("latin-1"))
    fixes = fix(root)
    assert fixes.files[ALPHA] == text.replace('"AlphaConfig"]', '"AlphaConfig", "AlphaOnnxConfig"]').encode("latin-1")
    shown = as_diff(fixes)
    assert shown
    assert shown.files == ()
    assert "not in UTF-8" in shown.notes[0]
