"""The registry: light to import, and clear when it refuses."""

from __future__ import annotations

import subprocess
import sys

import pytest

from transformers_export.onnx.features import FeaturesManager


def test_importing_the_registry_imports_no_tensors() -> None:
    code = (
        "import sys, transformers_export.onnx.features, transformers_export.onnx;"
        "print([m for m in ('torch', 'transformers', 'onnx', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("spelling", ["gpt2", "GPT2"])
def test_a_model_types_features_come_in_registered_order(spelling: str) -> None:
    assert FeaturesManager.features_of(spelling)[:2] == ("default", "default-with-past")


def test_underscores_and_dashes_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FeaturesManager, "_REGISTRY", dict(FeaturesManager._REGISTRY))
    FeaturesManager.register("acme_crane", "default", onnx_config="acme.CraneOnnxConfig")
    assert FeaturesManager.features_of("acme-crane") == ("default",)


def test_an_unknown_model_type_lists_the_known_and_says_how_to_register() -> None:
    with pytest.raises(KeyError, match=r"warbler.*albert, apertus.*FeaturesManager\.register"):
        FeaturesManager.get_supported_features_for_model_type("warbler")


def test_an_unknown_feature_lists_those_of_the_model() -> None:
    with pytest.raises(ValueError, match=r"doesn't support feature causal-lm\. Supported: default, masked-lm"):
        FeaturesManager.get_config("distilbert", "causal-lm")


@pytest.mark.parametrize(
    ("features", "path"),
    [((), "a.B"), (("default", "default"), "a.B"), (("levitation",), "a.B"), (("default",), "NoModule")],
)
def test_register_refuses_what_cannot_work(features: tuple[str, ...], path: str) -> None:
    with pytest.raises(ValueError, match=r"Cannot register|dotted path"):
        FeaturesManager.register("acme", *features, onnx_config=path)
    assert FeaturesManager.features_of("acme") == ()


def test_a_model_type_may_name_a_class_that_no_auto_class_leads_to() -> None:
    named = FeaturesManager.get_model_class_for_feature("causal-lm", model_type="flaubert")
    assert named.__name__ == "FlaubertWithLMHeadModel"
    for model_type in (None, "bert"):
        auto = FeaturesManager.get_model_class_for_feature("causal-lm-with-past", model_type=model_type)
        assert auto.__name__ == "AutoModelForCausalLM"
    assert FeaturesManager.get_model_class_for_feature("default", model_type="flaubert").__name__ == "AutoModel"


def test_the_ready_made_ones_are_registered_whichever_module_comes_first() -> None:
    code = (
        "import transformers_export.onnx.ready_made; from transformers_export.onnx.features import FeaturesManager;"
        "print(len(FeaturesManager.model_types()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == len(FeaturesManager.model_types()) >= 35


@pytest.mark.parametrize(
    ("feature", "task"), [("default", "default"), ("seq2seq-lm-with-past", "seq2seq-lm"), ("masked-lm", "masked-lm")]
)
def test_the_task_is_the_feature_without_past(feature: str, task: str) -> None:
    assert FeaturesManager.feature_to_task(feature) == task


def test_other_frameworks_are_refused() -> None:
    with pytest.raises(ValueError, match="'tf'"):
        FeaturesManager.get_model_class_for_feature("default", framework="tf")
