"""The tests of matrix and registry notice what is left out: each omission is planted."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import pytest

from support.architectures import FIRST
from support.repositories import ROOT
from transformers_export.onnx.features import FeaturesManager

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


def _module(path: Path) -> ModuleType:
    """A fresh copy of a test module, so that nothing planted in it stays."""
    spec = importlib.util.spec_from_file_location(f"planted_{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(FeaturesManager, "_REGISTRY", dict(FeaturesManager._REGISTRY))
    return FeaturesManager


def _matrix() -> Any:
    return _module(ROOT / "tests" / "onnx" / "test_onnx_v2.py")


def _listed() -> Any:
    return _module(ROOT / "tests" / "unit" / "onnx" / "test_listed_model_types.py")


def test_a_registered_model_type_that_the_matrix_lacks(registry: Any) -> None:
    matrix = _matrix()
    matrix.test_the_matrix_has_what_the_registry_has()
    registry.register("acme", "default", onnx_config="acme.AcmeOnnxConfig")
    with pytest.raises(AssertionError):
        matrix.test_the_matrix_has_what_the_registry_has()


def test_a_model_type_of_the_matrix_that_is_not_registered(registry: Any) -> None:
    matrix = _matrix()
    del registry._REGISTRY["bert"]
    with pytest.raises(AssertionError):
        matrix.test_the_matrix_has_what_the_registry_has()


def test_every_feature_of_the_first_architectures_is_a_case_and_none_is_skipped(registry: Any) -> None:
    """Of a model type that is exported at all every feature is, also one that was registered a moment ago."""
    registry.register("vit", *registry.features_of("vit"), "depth-estimation", onnx_config="acme.ViTOnnxConfig")
    matrix = _matrix()
    cases = {(exporter, model_type, feature) for exporter, model_type, _, feature in matrix.CASES}
    assert ("legacy", "vit", "depth-estimation") in cases
    for model_type in FIRST:
        assert {("legacy", model_type, feature) for feature in registry.features_of(model_type)} <= cases
    for model_type in matrix.SHAPES:
        assert {("dynamo", model_type, feature) for feature in registry.features_of(model_type)} <= cases


def test_parts_in_turn_cover_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    from support import architectures

    class Done:
        def __init__(self, head: int) -> None:
            self.stdout = f"{head:x}\n"

    names = FeaturesManager.model_types()
    seen: list[str] = []
    for head in range(12):
        monkeypatch.setattr(architectures.subprocess, "run", lambda *_, head=head, **__: Done(head))
        seen += architectures.part_of(names, 12)
    assert sorted(seen) == names


def test_a_listed_model_type_that_is_not_registered(registry: Any) -> None:
    del registry._REGISTRY["llama"]
    with pytest.raises(AssertionError):
        _listed().test_a_listed_model_type_is_registered_or_has_its_reason("llama")


def test_a_head_that_is_not_registered(registry: Any) -> None:
    listed = _listed()
    listed.test_a_registered_model_type_has_every_feature_it_has_a_head_for("llama")
    fewer = [feature for feature in registry.features_of("llama") if feature != "token-classification"]
    registry.register("llama", *fewer, onnx_config="acme.LlamaOnnxConfig")
    with pytest.raises(AssertionError):
        listed.test_a_registered_model_type_has_every_feature_it_has_a_head_for("llama")


def test_a_failure_that_is_expected_and_does_not_happen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    matrix = _matrix()
    arguments = ("legacy", "bert", "BertConfig", "default", tmp_path)
    reasons = {"why": "torch 2.13 cannot"}
    monkeypatch.setattr(matrix, "reason_to_fail", lambda *_: reasons.get("why"))
    monkeypatch.setattr(matrix, "_export", lambda *_: None)
    with pytest.raises(AssertionError, match="it passes: take it out"):
        matrix.test_export(*arguments)

    def failing(*_: Any) -> None:
        raise RuntimeError("as ever")

    monkeypatch.setattr(matrix, "_export", failing)
    matrix.test_export(*arguments)
    reasons.clear()
    with pytest.raises(RuntimeError, match="as ever"):
        matrix.test_export(*arguments)
