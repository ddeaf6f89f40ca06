"""What a change takes away from a check: it never turns a check green."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.static import ALPHA, MODELS, REGISTRY, check, commit, edit, repository, write
from transformers_export.cases.plan import make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from support.static import Checked

FEATURES = "acme/features.py"
REGISTERED = 'FeaturesManager.register("a", "default", onnx_config="acme.a.configuration_a.AOnnxConfig")\n'
PACKAGE = {
    "acme/__init__.py": "",
    "acme/a/__init__.py": "",
    "acme/a/configuration_a.py": "from transformers_export.onnx import OnnxConfig\n"
    'class AConfig:\n    model_type = "a"\n'
    "class AOnnxConfig(OnnxConfig): pass\n",
    FEATURES: f"from transformers_export.onnx import FeaturesManager\n{REGISTERED}",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repository(tmp_path / "package", PACKAGE)


def blocking(result: Checked) -> dict[str, str]:
    return {item.what: item.why for item in result.not_checked if item.blocking}


def test_a_syntax_error_in_the_registry_blocks(root: Path) -> None:
    edit(root, FEATURES, '"default",', '"default"; (')
    result = check(root)
    assert (result.head.layout, result.head.registries) == ("package", (FEATURES,))
    assert "no valid Python" in blocking(result)[f"{FEATURES}:2"]


def test_a_registry_broken_before_blocks_where_everything_is_checked(root: Path) -> None:
    edit(root, FEATURES, '"default",', '"default"; (')
    commit(root, "Break it")
    assert blocking(check(root)) == {}
    assert list(blocking(check(root, None))) == [f"{FEATURES}:2"]


def test_a_syntax_error_where_auto_classes_are_registered_blocks(tmp_path: Path) -> None:
    auto = 'from transformers import AutoConfig\nAutoConfig.register("a", AConfig)\n'
    root = repository(tmp_path / "r", {**PACKAGE, "acme/auto.py": auto})
    write(root, {"acme/auto.py": f"{auto}x = (\n"})
    assert list(blocking(check(root))) == ["acme/auto.py:3"]


def test_a_deleted_registry_blocks(root: Path) -> None:
    write(root, {FEATURES: None})
    found = blocking(check(root))
    assert "package repository in the base and one without any known layout now" in found["the repository's layout"]
    assert "is gone" in found[FEATURES]


def test_one_deleted_registry_of_two_blocks(tmp_path: Path) -> None:
    second = PACKAGE[FEATURES].replace('"a"', '"b"')
    root = repository(tmp_path / "r", {**PACKAGE, "acme/more.py": second})
    write(root, {"acme/more.py": None})
    assert list(blocking(check(root))) == ["acme/more.py"]


def test_a_registry_hidden_behind_another_name_blocks(root: Path) -> None:
    edit(
        root,
        FEATURES,
        REGISTERED,
        REGISTERED.replace("FeaturesManager.register", 'getattr(FeaturesManager, "register")'),
    )
    assert "is no registry that is read any more" in blocking(check(root))[FEATURES]


def test_a_moved_registry_is_not_lost(root: Path) -> None:
    write(root, {FEATURES: None, "acme/registry.py": PACKAGE[FEATURES]})
    assert blocking(check(root)) == {}


def test_a_first_registry_is_no_loss(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"README.md": ""})
    write(root, PACKAGE)
    assert blocking(check(root)) == {}


@pytest.mark.parametrize(
    ("files", "layout"),
    [
        ({"src/transformers/__init__.py": ""}, "transformers-5"),
        ({"config.json": '{"auto_map": {}}'}, "remote-code"),
    ],
)
def test_another_layout_blocks_and_names_both(root: Path, files: dict[str, str], layout: str) -> None:
    write(root, files)
    result = check(root)
    assert result.head.layout == layout
    assert f"package repository in the base and a {layout} one now" in blocking(result)["the repository's layout"]
    assert result.head.is_configuration("acme/a/configuration_a.py")


def test_a_transformers_4_checkout_without_its_registry_blocks(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    write(root, {REGISTRY: None})
    found = blocking(check(root))
    assert "transformers-4 repository in the base and a transformers-5 one now" in found["the repository's layout"]
    assert REGISTRY in found


def test_patterns_in_the_settings_hide_no_configuration(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    path = f"{MODELS}/gamma/configuration_gamma.py"
    text = (root / ALPHA).read_text().replace("Alpha", "Gamma").replace('"alpha"', '"gamma"')
    write(root, {path: text, path.replace("configuration_gamma", "__init__"): ""})
    write(root, {"pyproject.toml": '[tool.transformers-export]\nconfigurations = ["nothing/*.py"]\n'})
    result = check(root)
    assert ("new", "unregistered", "GammaOnnxConfig") in result.said
    plan = make_plan(result.project, result.head, result.changes, base=result.base)
    assert ("gamma", True) in {(item.what, item.blocking) for item in plan.not_checked}


def test_another_registry_in_the_settings_hides_nothing(root: Path) -> None:
    settings = '[tool.transformers-export]\nregistry = "acme/__init__.py"\n'
    write(root, {"pyproject.toml": settings})
    assert list(blocking(check(root))) == [FEATURES]


def test_all_of_nothing_blocks(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"README.md": ""})
    result = check(root, None)
    plan = make_plan(result.project, result.head, None, everything=True)
    assert [(item.what, item.blocking) for item in plan.not_checked] == [("model types", True)]


def test_features_and_model_types_that_left_the_registry_are_said(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    edit(root, REGISTRY, '            "causal-lm",\n            "causal-lm-with-past",\n', "")
    entry = '        "alpha": supported_features_mapping("default", onnx_config_cls="models.alpha.AlphaOnnxConfig"),\n'
    edit(root, REGISTRY, entry, "")
    said = {item.what: (item.why, item.blocking) for item in check(root).not_checked}
    features = "features causal-lm, causal-lm-with-past of beta-two are no longer registered"
    assert said["beta-two/causal-lm, causal-lm-with-past"] == (features, False)
    assert said["alpha"] == ("alpha is no longer registered (it had default)", False)


def test_an_entry_that_cannot_be_read_any_more_blocks(root: Path) -> None:
    edit(root, FEATURES, '.register("a"', ".register(KEY")
    found = blocking(check(root))
    assert "could not be read (the model type given to FeaturesManager.register is computed)" in found["a"]


def test_findings_ignored_by_the_settings_are_said(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    edit(root, ALPHA, "class AlphaOnnxConfig(OnnxConfig)", "class OtherOnnxConfig(OnnxConfig)")
    write(root, {"pyproject.toml": '[tool.transformers-export.ignore]\n"*" = "because"\n'})
    result = check(root)
    assert [item for item in result.findings if item.status == "new"] == []
    assert {item.why for item in result.not_checked} == {"ignored: because"}
