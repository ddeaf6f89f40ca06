"""From a change to cases: who is affected, why, and what is said of those that yield none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support import static
from support.static import ALPHA, AUTO, BETA, MATRIX, MODELS, REGISTRY, check, edit, repository, write
from transformers_export.cases.plan import changed_anything_relevant, make_plan
from transformers_export.cases.types import DEFAULT_MEMORY_LIMIT, DEFAULT_TIMEOUT, Plan, Provider
from transformers_export.project import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

BETA_CASES = ["beta-two/default/dynamo", "beta-two/causal-lm/dynamo", "beta-two/causal-lm-with-past/dynamo"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repository(tmp_path / "transformers")


def plan(root: Path, **options: object) -> Plan:
    result = check(root)
    return make_plan(result.project, result.head, result.changes, base=result.base, **options)


def ids(found: Plan) -> list[str]:
    return [case.id for case in found.cases]


def why(found: Plan) -> dict[str, str]:
    return {item.model_type: item.why for item in found.affected}


def touch(root: Path, path: str) -> None:
    with (root / path).open("a", encoding="utf-8") as file:
        file.write("# touched\n")


def test_a_changed_configuration_yields_every_feature(root: Path) -> None:
    touch(root, BETA)
    found = plan(root)
    assert ids(found) == BETA_CASES
    assert why(found) == {"beta-two": "its configuration changed"}
    assert {case.provider for case in found.cases} == {Provider("transformers", folder=str(root))}
    assert found.not_checked == ()


def test_modeling_code_beside_a_configuration(root: Path) -> None:
    touch(root, f"{MODELS}/beta_two/modeling_beta_two.py")
    found = plan(root)
    assert ids(found) == BETA_CASES
    assert why(found) == {"beta-two": "its modeling code changed"}
    write(root, {f"{MODELS}/alpha/modeling_tf_alpha.py": "", f"{MODELS}/alpha/modular_alpha.py": ""})
    assert set(why(plan(root))) == {"alpha", "beta-two"}


@pytest.mark.parametrize(
    "path", ["README.md", f"{MODELS}/alpha/modeling_tf_alpha.py", f"{MODELS}/alpha/tokenization.py"]
)
def test_what_affects_nothing(root: Path, path: str) -> None:
    write(root, {path: "x = 1\n"})
    result = check(root)
    assert plan(root) == Plan()
    assert not changed_anything_relevant(result.project, result.head, result.changes)
    touch(root, ALPHA)
    result = check(root)
    assert changed_anything_relevant(result.project, result.head, result.changes)


def test_a_shared_base_affects_what_derives_from_it(root: Path) -> None:
    edit(
        root, ALPHA, "from ...onnx import OnnxConfig", "from ..beta_two.configuration_beta_two import BetaTwoOnnxConfig"
    )
    edit(root, ALPHA, "AlphaOnnxConfig(OnnxConfig)", "AlphaOnnxConfig(BetaTwoOnnxConfig)")
    static.commit(root, "Derive alpha from beta-two")
    touch(root, BETA)
    assert why(plan(root)) == {
        "alpha": "AlphaOnnxConfig derives from BetaTwoOnnxConfig, which changed",
        "beta-two": "its configuration changed",
    }


PACKAGE = {
    "acme/__init__.py": "",
    "acme/bases.py": "from transformers_export.onnx import OnnxConfig\nclass AcmeOnnxConfig(OnnxConfig): pass\n",
    "acme/a/__init__.py": "",
    "acme/a/configuration_a.py": "from acme.bases import AcmeOnnxConfig\n"
    'class AConfig:\n    model_type = "a"\n'
    "class AOnnxConfig(AcmeOnnxConfig): pass\n",
    "acme/registry.py": "from transformers_export.onnx import FeaturesManager\n"
    'FeaturesManager.register("a", "default", onnx_config="acme.a.configuration_a.AOnnxConfig")\n',
}


def test_a_base_in_a_file_of_its_own(tmp_path: Path) -> None:
    root = repository(tmp_path / "package", PACKAGE)
    touch(root, "acme/bases.py")
    found = plan(root)
    assert ids(found) == ["a/default/dynamo"]
    assert found.not_checked == ()


def test_a_configuration_class_that_nothing_leads_to_blocks(tmp_path: Path) -> None:
    root = repository(tmp_path / "package", PACKAGE)
    write(root, {"acme/b.py": "from acme.bases import AcmeOnnxConfig\nclass BOnnxConfig(AcmeOnnxConfig): pass\n"})
    assert [(item.what, item.blocking) for item in plan(root).not_checked] == [("acme/b.py", True)]
    assert check(root).said == [("new", "unregistered", "BOnnxConfig")]


def test_registry_and_matrix_affect_the_keys_that_differ(root: Path) -> None:
    edit(root, REGISTRY, '"default", onnx_config_cls="models.alpha', '"default", "x", onnx_config_cls="models.alpha')
    found = plan(root)
    assert ids(found) == ["alpha/default/dynamo", "alpha/x/dynamo"]
    assert why(found) == {"alpha": f"its entry in {REGISTRY} changed"}
    static.git(root, "checkout", "--quiet", ".")
    edit(root, MATRIX, "tiny-random-BetaTwoModel", "another")
    assert plan(root).cases == ()  # the checkpoint of the test decides nothing here
    edit(root, MATRIX, '    ("beta-two"', '    ("alpha", "x"),\n    ("beta-two"')
    assert why(plan(root)) == {"alpha": f"its entry in {MATRIX} changed"}


def test_a_moved_registry_entry_affects_nothing(root: Path) -> None:
    edit(root, REGISTRY, "class FeaturesManager:", "# moved\n\n\nclass FeaturesManager:")
    assert plan(root) == Plan()


def test_auto_tables_affect_their_keys(root: Path) -> None:
    edit(root, AUTO, '("alpha", "AlphaModel"), ', "")
    assert set(why(plan(root))) == {"alpha"}


def test_the_export_library_affects_everything(root: Path) -> None:
    touch(root, "src/transformers/onnx/config.py")
    assert set(why(plan(root))) == {"alpha", "beta-two"}


def test_a_new_configuration_without_features_blocks(root: Path) -> None:
    path = f"{MODELS}/gamma/configuration_gamma.py"
    write(root, {path: (root / ALPHA).read_text().replace("Alpha", "Gamma").replace('"alpha"', '"gamma"')})
    found = plan(root)
    assert found.cases == ()
    assert [(item.what, item.blocking) for item in found.not_checked] == [("gamma", True)]
    assert REGISTRY in found.not_checked[0].why
    assert '[tool.transformers-export.ignore] "gamma" = "reason"' in found.not_checked[0].why


def test_model_code_without_features_is_said_and_does_not_block(root: Path) -> None:
    write(root, {f"{MODELS}/gamma/configuration_gamma.py": 'class GammaConfig:\n    model_type = "gamma"\n'})
    static.commit(root, "A model nobody exports")
    write(root, {f"{MODELS}/gamma/modeling_gamma.py": "x = 1\n"})
    found = plan(root)
    assert found.cases == ()
    assert [(item.what, item.blocking) for item in found.not_checked] == [("gamma", False)]


def test_model_code_whose_entry_cannot_be_read_blocks(root: Path) -> None:
    edit(root, REGISTRY, '"alpha": supported', "ALPHA: supported")
    static.commit(root, "Compute the key of alpha")
    touch(root, f"{MODELS}/alpha/modeling_alpha.py")
    found = plan(root)
    assert [(item.what, item.blocking) for item in found.not_checked] == [("alpha", True)]
    assert f"The registry could not be read as a whole ({REGISTRY}:" in found.not_checked[0].why


def test_model_code_whose_entry_was_removed_blocks(root: Path) -> None:
    line = '        "alpha": supported_features_mapping("default", onnx_config_cls="models.alpha.AlphaOnnxConfig"),\n'
    edit(root, REGISTRY, line, "")
    touch(root, f"{MODELS}/alpha/modeling_alpha.py")
    found = plan(root)
    assert [item.blocking for item in found.not_checked if item.what == "alpha"] == [True]
    assert any("The base has default." in item.why for item in found.not_checked)


def test_a_configuration_that_lies_aside_is_said(tmp_path: Path) -> None:
    root = repository(tmp_path / "package", PACKAGE)
    path = "examples/configuration_b.py"
    write(root, {path: PACKAGE["acme/a/configuration_a.py"].replace('"a"', '"b"')})
    said = [(item.what, item.why) for item in check(root).not_checked if item.what == path]
    assert len(said) == 1
    assert "examples/ is not looked at" in said[0][1]
    write(root, {"pyproject.toml": '[tool.transformers-export]\nconfigurations = ["examples/configuration_*.py"]\n'})
    static.commit(root, "Look at examples")
    touch(root, path)
    assert [item.what for item in plan(root).not_checked if item.blocking] == ["b"]


@pytest.mark.parametrize("pattern", ["gamma", f"{MODELS}/gamma/*"])
def test_a_reason_in_the_settings_lifts_the_block(root: Path, pattern: str) -> None:
    path = f"{MODELS}/gamma/configuration_gamma.py"
    write(root, {path: 'class GammaConfig:\n    model_type = "gamma"\n'})
    write(root, {"pyproject.toml": f'[tool.transformers-export.ignore]\n"{pattern}" = "needs a GPU"\n'})
    found = plan(root)
    assert [item.blocking for item in found.not_checked if item.what == "gamma"] == [False]
    assert "needs a GPU" in found.not_checked[0].why


def test_a_configuration_that_cannot_be_read_blocks(root: Path) -> None:
    write(root, {f"{MODELS}/gamma/configuration_gamma.py": "class (\n"})
    found = plan(root)
    assert [(item.what, item.blocking) for item in found.not_checked] == [
        (f"{MODELS}/gamma/configuration_gamma.py", True)
    ]


def test_a_file_of_several_model_types_stands_for_those_registered(root: Path) -> None:
    edit(
        root,
        ALPHA,
        "class AlphaOnnxConfig",
        'class AlphaTextConfig:\n    model_type = "alpha_text"\n\n\nclass AlphaOnnxConfig',
    )
    found = plan(root)
    assert ids(found) == ["alpha/default/dynamo"]
    assert found.not_checked == ()


def test_a_deleted_configuration_yields_no_case(root: Path) -> None:
    write(root, {ALPHA: None})
    assert plan(root).cases == ()


def test_exporters(root: Path) -> None:
    touch(root, ALPHA)
    assert ids(plan(root, exporter="both")) == ["alpha/default/dynamo", "alpha/default/legacy"]
    assert ids(plan(root, exporter="auto")) == ["alpha/default/auto"]
    with pytest.raises(SettingsError, match="Unknown exporter 'fast': expected dynamo, legacy, both, auto"):
        plan(root, exporter="fast")


def test_settings_reach_the_cases_and_the_caller_wins(root: Path) -> None:
    write(
        root,
        {
            "pyproject.toml": "[tool.transformers-export]\n"
            'exporter = "legacy"\nopset = 17\natol = 1e-3\ntimeout = 30\nmemory-limit = "1GiB"\n'
            '[tool.transformers-export.expected-failures]\n"beta-two/causal-lm*" = "upstream"\n'
        },
    )
    touch(root, BETA)
    found = plan(root)
    case = found.cases[0]
    assert (case.exporter, case.opset, case.atol, case.timeout, case.memory_limit) == ("legacy", 17, 1e-3, 30, 2**30)
    assert {case.feature: case.expected_failure for case in found.cases} == {
        "default": None,
        "causal-lm": "upstream",
        "causal-lm-with-past": "upstream",
    }
    assert found.not_checked[-1].what == "settings"
    case = plan(root, exporter="dynamo", opset=18, atol=1.0, timeout=5.0, memory_limit=7).cases[0]
    assert (case.exporter, case.opset, case.atol, case.timeout, case.memory_limit) == ("dynamo", 18, 1.0, 5.0, 7)


def test_defaults(root: Path) -> None:
    touch(root, ALPHA)
    case = plan(root).cases[0]
    assert (case.opset, case.atol, case.timeout) == (None, None, DEFAULT_TIMEOUT)
    assert case.memory_limit == DEFAULT_MEMORY_LIMIT


def test_everything(root: Path) -> None:
    assert ids(plan(root, everything=True)) == ["alpha/default/dynamo", *BETA_CASES]


def test_a_target_that_is_not_built_blocks(root: Path) -> None:
    write(root, {"pyproject.toml": '[tool.transformers-export]\ntargets = ["onnx", "torchscript"]\n'})
    assert ("target torchscript", True) in {(item.what, item.blocking) for item in plan(root).not_checked}


def test_a_transformers_5_checkout_uses_the_ready_made_registry(tmp_path: Path) -> None:
    known = f"{MODELS}/bert/configuration_bert.py"
    unknown = f"{MODELS}/omega/configuration_omega.py"
    root = repository(tmp_path / "five", {"src/transformers/__init__.py": "", known: "", unknown: ""})
    write(
        root,
        {
            known: 'class BertConfig(PreTrainedConfig):\n    model_type = "bert"\n',
            unknown: 'class OmegaTextConfig:\n    model_type = "omega_text"\n'
            'class OmegaConfig:\n    model_type = "omega"\n'
            'class OmegaVisionConfig:\n    model_type = "omega_vision"\n',
        },
    )
    found = plan(root)
    assert "bert/masked-lm/dynamo" in ids(found)
    assert {case.provider.kind for case in found.cases} == {"ready-made"}
    assert [(item.what, item.blocking) for item in found.not_checked] == [("omega", True)]
    assert "ready-made" in found.not_checked[0].why


HUB = {
    "config.json": '{"model_type": "my_model", "auto_map": {"AutoConfig": "configuration_my.MyConfig", '
    '"AutoModel": "modeling_my.MyModel", "AutoModelForCausalLM": "modeling_my.MyForCausalLM", '
    '"AutoModelForSequenceClassification": "modeling_my.MyForSequenceClassification"}}',
    "configuration_my.py": "from transformers_export.onnx import OnnxConfigWithPast\n"
    'class MyConfig(PretrainedConfig):\n    model_type = "my_model"\n'
    "class MyOnnxConfig(OnnxConfigWithPast):\n    pass\n",
    "modeling_my.py": "class MyModel: pass\nclass MyForCausalLM: pass\nclass MyForSequenceClassification: pass\n",
}


def test_a_hub_folder_exports_the_heads_of_its_auto_map(tmp_path: Path) -> None:
    root = repository(tmp_path / "hub", HUB)
    touch(root, "modeling_my.py")
    result = check(root)
    assert result.said == []
    found = plan(root)
    assert ids(found) == [
        "my-model/default/dynamo",
        "my-model/default-with-past/dynamo",
        "my-model/causal-lm/dynamo",
        "my-model/causal-lm-with-past/dynamo",
        "my-model/sequence-classification/dynamo",
    ]
    assert {case.provider for case in found.cases} == {
        Provider("remote-code", folder=str(root), onnx_config="configuration_my.MyOnnxConfig")
    }


def test_a_hub_folder_without_onnx_configuration_blocks(tmp_path: Path) -> None:
    text = 'class MyConfig(PretrainedConfig):\n    model_type = "my_model"\n'
    root = repository(tmp_path / "hub", {**HUB, "configuration_my.py": text})
    touch(root, "configuration_my.py")
    found = plan(root)
    assert [(item.what, item.blocking) for item in found.not_checked] == [("my-model", True)]
    assert "transformers_export.onnx.OnnxConfig" in found.not_checked[0].why


def test_every_changed_setting_is_named(root: Path) -> None:
    write(root, {"pyproject.toml": '[tool.transformers-export]\natol = 1e-5\nignore = {"alpha" = "old"}\n'})
    static.commit(root, "Settings")
    settings = (
        f'[tool.transformers-export]\natol = 10.0\n[tool.transformers-export.ignore]\n"beta*" = "{"long " * 99}"\n'
        '[tool.transformers-export.expected-failures]\n"alpha" = "later"\n'
    )
    write(root, {"pyproject.toml": settings})
    said = {item.what.removeprefix("[tool.transformers-export] "): item.why for item in plan(root).not_checked}
    assert said["atol"] == "changed: 1e-05 -> 10.0"
    assert said['expected-failures."alpha"'] == 'changed: not set -> "later"'
    assert said['ignore."alpha"'] == 'changed: "old" -> not set'
    assert said['ignore."beta*"'].startswith('changed: not set -> "long long')
    assert len(said['ignore."beta*"']) < 130
    write(root, {"pyproject.toml": None})
    said = {item.what: item.why for item in plan(root).not_checked}
    assert said["[tool.transformers-export] atol"] == "changed: 1e-05 -> not set"
