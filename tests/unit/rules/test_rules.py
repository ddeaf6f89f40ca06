"""Each rule on a small transformers 4 tree: silent on what is right, and catching the defect planted for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support import static
from support.static import ALPHA, AUTO, BETA, MATRIX, MODELS, REGISTRY, check, edit, repository, write
from transformers_export.rules import catalog

if TYPE_CHECKING:
    from pathlib import Path

GAMMA = f"{MODELS}/gamma/configuration_gamma.py"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repository(tmp_path / "transformers")


def place_of(root: Path, finding: object) -> str:
    """The line a finding points to, as text."""
    lines = (root / finding.path).read_text(encoding="utf-8").splitlines()
    return lines[finding.line - 1][finding.column - 1 :]


def test_a_consistent_tree_has_no_findings(root: Path) -> None:
    whole = check(root, None)
    assert whole.said == []
    assert whole.not_checked == ()
    edit(root, ALPHA, "    pass", "    atol_for_validation = 1e-3")
    assert check(root).said == []


def test_unregistered(root: Path) -> None:
    text = (root / ALPHA).read_text().replace("Alpha", "Gamma").replace('"alpha"', '"gamma"')
    write(root, {GAMMA: text, f"{MODELS}/gamma/__init__.py": ""})
    result = check(root)
    assert result.said == [("new", "unregistered", "GammaOnnxConfig")]
    finding = result.findings[0]
    assert place_of(root, finding).startswith("class GammaOnnxConfig")
    assert '"gamma": supported_features_mapping(' in finding.hint
    assert "models.gamma.GammaOnnxConfig" in finding.hint


def test_unregistered_names_what_left_the_registry(root: Path) -> None:
    entry = '        "alpha": supported_features_mapping("default", onnx_config_cls="models.alpha.AlphaOnnxConfig"),\n'
    edit(root, REGISTRY, entry, "")
    said = check(root).said
    assert ("new", "unregistered", "AlphaOnnxConfig") in said
    assert ("new", "matrix-not-registered", "alpha") in said
    assert len(said) == 2


@pytest.mark.parametrize(
    "code",
    [
        # built by another configuration
        "class HelperOnnxConfig(OnnxConfig):\n    pass\n\n\nclass AlphaOnnxConfig(OnnxConfig):\n"
        "    def decoder(self, config):\n        return HelperOnnxConfig(config)\n",
        # says of itself that it is a base
        "class _BaseOnnxConfig(OnnxConfig):\n    pass\n\n\nclass AlphaOnnxConfig(_BaseOnnxConfig):\n    pass\n",
        # the class of the same name in transformers.exporters
        "from ...exporters import OnnxConfig as Options\n\n\nclass AlphaExport(Options):\n    pass\n\n\n"
        "class AlphaOnnxConfig(OnnxConfig):\n    pass\n",
    ],
)
def test_unregistered_leaves_alone_what_is_not_exported_by_itself(root: Path, code: str) -> None:
    edit(root, ALPHA, "class AlphaOnnxConfig(OnnxConfig):\n    pass\n", code)
    assert check(root).said == []


def test_a_bare_name_proves_nothing(root: Path) -> None:
    write(root, {"src/transformers/exporters/__init__.py": "class OnnxConfig:\n    pass\n"})
    edit(root, ALPHA, "from ...onnx import OnnxConfig", "from ...exporters import OnnxConfig")
    result = check(root)
    assert result.head.onnx_classes(ALPHA) == ()
    assert [item.name for item in result.base.onnx_classes(ALPHA)] == ["AlphaOnnxConfig"]


def test_registry_class_unknown_class(root: Path) -> None:
    edit(root, ALPHA, "class AlphaOnnxConfig", "class AlphaExportConfig")
    edit(root, ALPHA, '"AlphaOnnxConfig"]', '"AlphaExportConfig"]')
    result = check(root)
    assert sorted(result.said) == [
        ("new", "registry-class-unknown", "alpha"),
        ("new", "unregistered", "AlphaExportConfig"),
    ]
    unknown = next(item for item in result.findings if item.rule == "registry-class-unknown")
    assert unknown.path == REGISTRY
    assert place_of(root, unknown).startswith('"alpha": supported')
    assert "class AlphaOnnxConfig in transformers.models.alpha" in unknown.message


def test_registry_class_unknown_module(root: Path) -> None:
    edit(root, REGISTRY, "models.alpha.AlphaOnnxConfig", "models.alfa.AlphaOnnxConfig")
    result = check(root)
    assert ("new", "registry-class-unknown", "alpha") in result.said
    unknown = next(item for item in result.findings if item.rule == "registry-class-unknown")
    assert "module transformers.models.alfa" in unknown.message


def test_unreachable_key(root: Path) -> None:
    edit(root, REGISTRY, '"beta-two"', '"beta_two"')
    edit(root, MATRIX, '"beta-two"', '"beta_two"')
    result = check(root)
    assert ("new", "unreachable-key", "beta_two") in result.said
    finding = next(item for item in result.findings if item.rule == "unreachable-key")
    assert "BetaTwoConfig gives 'beta_two'" in finding.message
    assert '"beta-two"' in finding.hint


def test_unreachable_key_when_the_model_type_changes(root: Path) -> None:
    edit(root, ALPHA, 'model_type = "alpha"', 'model_type = "alpha_new"')
    assert ("new", "unreachable-key", "alpha") in check(root).said


def test_a_computed_model_type_is_not_read_and_raises_nothing(root: Path) -> None:
    edit(root, ALPHA, 'model_type = "alpha"', 'model_type = "al" + "pha"')
    result = check(root)
    assert result.said == []
    assert [(item.what, item.why) for item in result.not_checked] == [
        (f"{ALPHA}:6", "the model_type of AlphaConfig is computed")
    ]


def test_no_matrix_entry(root: Path) -> None:
    edit(root, MATRIX, '    ("alpha", "hf-internal-testing/tiny-random-AlphaModel"),\n', "")
    result = check(root)
    assert result.said == [("new", "no-matrix-entry", "alpha")]
    assert result.findings[0].path == REGISTRY
    assert "PYTORCH_EXPORT_MODELS" in result.findings[0].hint


def test_a_repository_without_matrix_gets_one_note(root: Path) -> None:
    write(root, {MATRIX: None})
    result = check(root, None)
    assert result.said == []
    assert [item.what for item in result.not_checked] == ["test matrix"]
    assert not result.not_checked[0].blocking


def test_matrix_not_registered(root: Path) -> None:
    edit(root, MATRIX, '("alpha", ', '("delta", "hf-internal-testing/x"),\n    ("alpha", ')
    result = check(root)
    assert result.said == [("new", "matrix-not-registered", "delta")]
    assert place_of(root, result.findings[0]).startswith('"delta"')


def test_not_exported_by_all(root: Path) -> None:
    edit(root, ALPHA, ', "AlphaOnnxConfig"]', "]")
    result = check(root)
    assert result.said == [("new", "not-exported", "AlphaOnnxConfig")]
    assert f"__all__ of {ALPHA}" in result.findings[0].message


OLD_INIT = """\
_import_structure = {{"configuration_alpha": {names}}}
if TYPE_CHECKING:
    from .configuration_alpha import AlphaConfig, AlphaOnnxConfig
"""


def test_not_exported_by_import_structure(root: Path) -> None:
    init = f"{MODELS}/alpha/__init__.py"
    write(root, {init: OLD_INIT.format(names='["AlphaConfig"]')})
    edit(root, ALPHA, '\n\n__all__ = ["AlphaConfig", "AlphaOnnxConfig"]\n', "")
    result = check(root)
    assert result.said == [("new", "not-exported", "AlphaOnnxConfig")]
    assert init in result.findings[0].message
    write(root, {init: OLD_INIT.format(names='["AlphaConfig", "AlphaOnnxConfig"]')})
    assert check(root).said == []
    added = (
        OLD_INIT.format(names='["AlphaConfig"]')
        + '_import_structure["configuration_alpha"].append("AlphaOnnxConfig")\n'
    )
    write(root, {init: added})
    assert check(root).said == []


def test_no_auto_class(root: Path) -> None:
    edit(
        root,
        REGISTRY,
        '("default", onnx_config_cls="models.alpha',
        '("default", "causal-lm", onnx_config_cls="models.alpha',
    )
    result = check(root)
    assert result.said == [("new", "no-auto-class", "alpha/causal-lm")]
    assert place_of(root, result.findings[0]).startswith('"causal-lm"')


def test_no_auto_class_when_the_table_loses_the_model(root: Path) -> None:
    edit(root, AUTO, '("alpha", "AlphaModel"), ', "")
    assert check(root).said == [("new", "no-auto-class", "alpha/default")]


def test_a_table_that_is_computed_proves_nothing(root: Path) -> None:
    edit(root, AUTO, '[("beta_two", "BetaTwoForCausalLM")]', "list(MODEL_MAPPING_NAMES.items())")
    result = check(root, None)
    assert result.said == []
    assert [item.why for item in result.not_checked] == ["MODEL_FOR_CAUSAL_LM_MAPPING_NAMES is computed"]
    edit(root, AUTO, "list(MODEL_MAPPING_NAMES.items())", "[]")
    edit(root, AUTO, "MODEL_MAPPING = ", 'MODEL_FOR_CAUSAL_LM_MAPPING_NAMES["beta_two"] = "X"\nMODEL_MAPPING = ')
    assert check(root, None).said == []


def test_past_without_cache(root: Path) -> None:
    edit(root, BETA, "class BetaTwoOnnxConfig(OnnxConfigWithPast)", "class BetaTwoOnnxConfig(OnnxConfig)")
    edit(root, BETA, "import OnnxConfigWithPast", "import OnnxConfig")
    result = check(root)
    assert result.said == [("new", "past-without-cache", "beta-two")]
    assert result.findings[0].path == REGISTRY
    edit(
        root, BETA, "Config(OnnxConfig):\n    pass", "Config(OnnxConfig):\n    def with_past(cls, config):\n        ..."
    )
    assert check(root).said == []


def test_past_follows_bases_through_files(root: Path) -> None:
    edit(
        root, ALPHA, "from ...onnx import OnnxConfig", "from ..beta_two.configuration_beta_two import BetaTwoOnnxConfig"
    )
    edit(root, ALPHA, "AlphaOnnxConfig(OnnxConfig)", "AlphaOnnxConfig(BetaTwoOnnxConfig)")
    edit(
        root, REGISTRY, '"default", onnx_config_cls="models.alpha', '"default-with-past", onnx_config_cls="models.alpha'
    )
    edit(root, MATRIX, '    ("alpha", "hf-internal-testing/tiny-random-AlphaModel"),\n', "")
    edit(root, MATRIX, '("beta-two", ', '("alpha", "hf-internal-testing/x"),\n    ("beta-two", ')
    static.commit(root, "Derive alpha from beta-two")
    assert check(root, None).said == []
    edit(root, BETA, "class BetaTwoOnnxConfig(OnnxConfigWithPast)", "class BetaTwoOnnxConfig(OnnxConfig)")
    edit(root, BETA, "import OnnxConfigWithPast", "import OnnxConfig")
    # the change is in beta's file, the defect in alpha's entry too
    assert sorted(check(root).said) == [
        ("new", "past-without-cache", "alpha"),
        ("new", "past-without-cache", "beta-two"),
    ]


def test_new_standing_and_fixed(root: Path) -> None:
    edit(root, ALPHA, ', "AlphaOnnxConfig"]', "]")
    edit(root, MATRIX, '("alpha", ', '("delta", "hf-internal-testing/x"),\n    ("alpha", ')
    static.commit(root, "Two defects")
    edit(root, ALPHA, "class AlphaConfig", "# moved down\n\n\nclass AlphaConfig")
    assert check(root).said == [("standing", "not-exported", "AlphaOnnxConfig")]
    edit(root, ALPHA, '["AlphaConfig"]', '["AlphaConfig", "AlphaOnnxConfig"]')
    assert check(root).said == [("fixed", "not-exported", "AlphaOnnxConfig")]
    edit(root, REGISTRY, '"default", onnx_config_cls="models.alpha', '"causal-lm", onnx_config_cls="models.alpha')
    assert check(root).said == [
        ("new", "missing-feature", "alpha/default"),
        ("new", "no-auto-class", "alpha/causal-lm"),
        ("fixed", "not-exported", "AlphaOnnxConfig"),
    ]


def test_a_finding_moves_with_its_file(root: Path) -> None:
    edit(root, ALPHA, ', "AlphaOnnxConfig"]', "]")
    static.commit(root, "One defect")
    static.git(root, "mv", ALPHA, f"{MODELS}/alpha/configuration_alpha_one.py")
    edit(root, f"{MODELS}/alpha/__init__.py", "configuration_alpha", "configuration_alpha_one")
    assert check(root).said == [("standing", "not-exported", "AlphaOnnxConfig")]


def test_what_the_settings_ignore_is_said_with_its_reason(root: Path) -> None:
    edit(root, ALPHA, ', "AlphaOnnxConfig"]', "]")
    for pattern in ("not-exported", "not-exported:AlphaOnnxConfig", "src/transformers/models/alpha/*"):
        write(root, {"pyproject.toml": f'[tool.transformers-export.ignore]\n"{pattern}" = "exported elsewhere"\n'})
        result = check(root)
        assert result.said == []
        assert [item.why for item in result.not_checked] == ["ignored: exported elsewhere"]


def test_an_ignore_in_the_settings_that_ignores_nothing_is_said_when_everything_is_checked(root: Path) -> None:
    ignores = '"not-exported:BetaTwoOnnxConfig" = "later"\n"no-such-rule" = "a model"\n"not-exported:Alpha*" = "why"\n'
    write(root, {"pyproject.toml": f"[tool.transformers-export.ignore]\n{ignores}"})
    edit(root, ALPHA, ', "AlphaOnnxConfig"]', "]")
    result = check(root, None)
    assert result.said == [("new", "unused-ignore", "not-exported:BetaTwoOnnxConfig")]
    assert (result.findings[0].severity, result.findings[0].path, result.findings[0].line) == (
        "advice", "pyproject.toml", 2,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "line", "why"),
    [
        ('[tool.transformers-export.ignore]\nunregistered = "why"', 2, "ignores nothing"),
        ("[tool.transformers-export]\nopset = 18\nignore = { 'unregistered' = 'why' }", 3, "ignores nothing"),
        ('[tool.transformers-export.ignore]\n"unregisterd:AlphaOnnxConfig" = "why"', 2, "there is no unregisterd"),
    ],
)
def test_an_ignore_of_no_use_in_the_settings_is_found_as_it_is_written(
    root: Path, written: str, line: int, why: str
) -> None:
    write(root, {"pyproject.toml": f"{written}\n"})
    (found,) = check(root, None).findings
    assert (found.rule, found.line) == ("unused-ignore", line)
    assert why in found.message


@pytest.mark.parametrize("path", [ALPHA, REGISTRY, MATRIX])
def test_a_syntax_error_in_a_changed_file_blocks_and_says_where(root: Path, path: str) -> None:
    write(root, {path: "x = (\n"})
    result = check(root)
    blocking = [item for item in result.not_checked if item.blocking]
    assert [item.what for item in blocking] == [f"{path}:1"]
    assert "no valid Python" in blocking[0].why
    assert result.said == []


def test_every_rule_explains_itself() -> None:
    assert len({rule.NAME for rule in catalog.RULES}) == len(catalog.RULES) == 26
    for rule in catalog.RULES:
        assert rule.find.__doc__
