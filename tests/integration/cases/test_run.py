"""The door to the exporter, once through each kind of provider, in a real server."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from transformers_export.cases.types import Case, Provider
from transformers_export.cases.workers import Workers, run_cases

if TYPE_CHECKING:
    from pathlib import Path

CONFIGURATION = """
from transformers import PretrainedConfig
from transformers_export.onnx import OnnxConfig


class WrenConfig(PretrainedConfig):
    model_type = "wren"

    def __init__(self, vocab_size=4096, hidden_size=256, pad_token_id=0, **kwargs):
        self.vocab_size, self.hidden_size = vocab_size, hidden_size
        super().__init__(pad_token_id=pad_token_id, **kwargs)


class WrenOnnxConfig(OnnxConfig):
    @property
    def inputs(self):
        axes = {0: "batch", 1: "sequence"}
        return {"input_ids": axes, "attention_mask": axes}
"""
MODELING = """
from torch import nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from .configuration_wren import WrenConfig


class WrenModel(PreTrainedModel):
    config_class = WrenConfig

    def __init__(self, config):
        super().__init__(config)
        self.words = nn.Embedding(config.vocab_size, config.hidden_size)
        self.mix = nn.Linear(config.hidden_size, config.hidden_size)
        self.post_init()

    def forward(self, input_ids=None, attention_mask=None, **kwargs):
        words = self.words(input_ids) * attention_mask.unsqueeze(-1)
        mean = words.sum(1, keepdim=True) / attention_mask.sum(1).reshape(-1, 1, 1)
        return BaseModelOutput(last_hidden_state=self.mix(words + mean).tanh())
"""


@pytest.fixture
def remote_code(tmp_path: Path) -> Path:
    """A Hub folder whose code is only there."""
    folder = tmp_path / "wren"
    folder.mkdir()
    (folder / "configuration_wren.py").write_text(CONFIGURATION)
    (folder / "modeling_wren.py").write_text(MODELING)
    auto_map = {"AutoConfig": "configuration_wren.WrenConfig", "AutoModel": "modeling_wren.WrenModel"}
    (folder / "config.json").write_text(json.dumps({"model_type": "wren", "auto_map": auto_map}))
    return folder


def run(*cases: Case):
    return run_cases(cases, Workers(sys.executable, jobs=2)).results


def case(model_type: str, feature: str, provider: Provider, **changes) -> Case:
    return dataclasses.replace(Case(model_type, feature, "onnx", "legacy", provider), **changes)


def said(result) -> str:
    return f"{result.outcome} {result.error} {[c for c in result.checks if c.outcome != 'passed']}"


def test_every_kind_of_provider_leads_to_a_verified_export(example_repository, remote_code):
    package = Provider("package", modules=("acme_models",), folder=str(example_repository.root))
    remote = Provider("remote-code", folder=str(remote_code), onnx_config="configuration_wren.WrenOnnxConfig")
    cases = (
        case("acme-heron", "masked-lm", package),
        case("distilbert", "masked-lm", Provider("ready-made"), opset=15, atol=1e-3),
        case("wren", "default", remote),
    )
    results = run(*cases)
    assert [r.outcome for r in results] == ["passed"] * 3, [said(r) for r in results]
    assert results[1].opset == 15
    assert results[1].tolerance == 1e-3


def test_what_the_project_lacks_is_named(example_repository, remote_code):
    root = str(example_repository.root)
    package = Provider("package", modules=("acme_models",), folder=root)
    cases = (
        case("acme-stork", "default", package),
        case("acme-heron", "causal-lm", package),
        case("acme-heron", "default", Provider("package", modules=("acme_modles",), folder=root)),
        case("wren", "default", Provider("remote-code", folder=str(remote_code), onnx_config="WrenOnnxConfig")),
        case("distilbert", "default", Provider("transformers")),
    )
    results = run(*cases)
    assert {r.outcome for r in results} == {"failed"}
    messages = [r.error.message for r in results]
    for message, expected in zip(
        messages, ("acme-stork", "causal-lm", "acme_modles", "`module.Class`", "transformers 4.x"), strict=True
    ):
        assert expected in message


def test_an_atol_nothing_can_keep_fails_the_values(example_repository):
    package = Provider("package", modules=("acme_models",), folder=str(example_repository.root))
    (result,) = run(case("acme-heron", "default", package, atol=1e-30))
    assert {check.name: check.outcome for check in result.checks}["values"] == "failed", said(result)


def test_a_tolerance_that_everything_keeps_fails_and_a_wide_one_is_a_warning(example_repository):
    heron = example_repository.root / "src/acme_models/heron/configuration_heron.py"
    text = heron.read_text()
    assert text.count("    def inputs(self)") == 1
    infinite = '    def atol_for_validation(self):\n        return float("inf")\n\n    @property\n'
    heron.write_text(text.replace("    def inputs(self)", f"{infinite}    def inputs(self)"))
    package = Provider("package", modules=("acme_models",), folder=str(example_repository.root))
    heron_case = case("acme-heron", "default", package)
    results = run(*(dataclasses.replace(heron_case, atol=atol) for atol in (None, math.inf, math.nan, 0.0, 0.5)))
    assert [r.outcome for r in results] == ["failed"] * 4 + ["passed"], [said(r) for r in results]
    for result in results[:4]:
        assert "Expected a finite absolute tolerance above zero" in result.error.message
    assert "tolerance 0.5" in results[4].warnings[0]


@pytest.mark.parametrize("below", ["lib", "python/acme/src", "."])
def test_the_checkouts_own_package_is_exported_wherever_it_lies(example_repository, below):
    root = example_repository.root
    installed = root.parent / "site"
    shutil.copytree(root / "src", installed)
    example_repository.checkout("diverging")
    (root / below).mkdir(parents=True, exist_ok=True)
    (root / "src/acme_models").rename(root / below / "acme_models")
    package = Provider("package", modules=("acme_models.onnx.features",), folder=str(root))
    (result,) = run_cases((case("acme-heron", "masked-lm", package),), workers_with(installed)).results
    assert {check.name: check.outcome for check in result.checks}["values"] == "failed", said(result)


def test_a_package_from_elsewhere_is_refused_with_both_places(example_repository):
    root = example_repository.root
    installed = root.parent / "site"
    (root / "src").rename(installed)
    package = Provider("package", modules=("acme_models",), folder=str(root))
    (result,) = run_cases((case("acme-heron", "masked-lm", package),), workers_with(installed)).results
    assert result.outcome == "failed"
    assert f"from {root}, which is checked" in result.error.message
    assert str(installed / "acme_models/__init__.py") in result.error.message


def workers_with(installed: Path) -> Workers:
    """An interpreter in which the packages of `installed` are found like installed ones, behind the checkout's."""
    return Workers(sys.executable, search_path=(installed,))


def _changed(folder: Path, line: str) -> Provider:
    """The Hub folder with a line more in `forward()`, before the last."""
    modeling = folder / "modeling_wren.py"
    last = "        return BaseModelOutput("
    modeling.write_text(modeling.read_text().replace(last, f"        {line}\n{last}"))
    return Provider("remote-code", folder=str(folder), onnx_config="configuration_wren.WrenOnnxConfig")


def test_auto_takes_the_second_exporter_where_the_first_file_is_wrong(remote_code):
    line = "words = words * 2 if __import__('torch').compiler.is_exporting() else words"
    (result,) = run(case("wren", "default", _changed(remote_code, line), exporter="auto"))
    assert (result.outcome, result.exporter) == ("passed", "legacy"), said(result)
    assert (
        "The dynamo exporter failed; this is the legacy exporter's result. What failed: values: " in result.warnings[0]
    )


@pytest.mark.parametrize("exporter", ["dynamo", "legacy"])
def test_a_failed_check_comes_with_the_line_of_the_model_that_decides(exporter, remote_code):
    deciding = {
        "dynamo": "words = words * 2 if input_ids.shape[1] > 20 else words",
        "legacy": "words = words * 2 if attention_mask.sum() > 20 * len(input_ids) else words",
    }
    (result,) = run(case("wren", "default", _changed(remote_code, deciding[exporter]), exporter=exporter))
    assert result.outcome == "failed", said(result)
    (cause,) = [one for one in result.warnings if one.startswith("Likely cause: ") and deciding[exporter] in one]
    assert "modeling_wren.py:" in cause
