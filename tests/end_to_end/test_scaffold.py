"""`transformers-export scaffold` as people run it: what it writes, what a check then says, what it refuses to touch."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from make_repository import put
from support.repositories import commit, git, start
from support.static import ALPHA, MATRIX, MODELS, REGISTRY, edit, repository, write
from transformers_export.verdict.schema import decode

if TYPE_CHECKING:
    from pathlib import Path

    from support.repositories import Repository

MAGPIE = "src/acme_models/magpie/configuration_magpie.py"
GAMMA = f"{MODELS}/gamma/configuration_gamma.py"
CONFIG = """\
from ...configuration_utils import PretrainedConfig


class GammaConfig(PretrainedConfig):
    model_type = "gamma"


__all__ = ["GammaConfig"]
"""
GAMMA_FILES = {
    GAMMA: CONFIG,
    f"{MODELS}/gamma/__init__.py": "from ...utils.import_utils import define_import_structure\n",
    f"{MODELS}/gamma/modeling_gamma.py": """\
from ...modeling_outputs import BaseModelOutput
from ...modeling_utils import PreTrainedModel


class GammaModel(PreTrainedModel):
    def forward(self, input_ids=None, attention_mask=None):
        return BaseModelOutput(last_hidden_state=input_ids)
""",
}


def run(root: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command in `root`; its exit code must be `code`."""
    command = [sys.executable, "-m", "transformers_export", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


def refused(root: Path, *arguments: str) -> str:
    """Run `scaffold`, which must say one sentence and change nothing. Returns the sentence."""
    before = git(root, "status", "--porcelain", "--untracked-files=all")
    done = run(root, "scaffold", *arguments, code=2)
    assert git(root, "status", "--porcelain", "--untracked-files=all") == before
    assert done.stdout == ""
    assert done.stderr.startswith("transformers-export: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.fixture
def gamma(tmp_path: Path) -> Path:
    """A transformers 4 tree with a third model that has no ONNX configuration."""
    root = repository(tmp_path / "transformers")
    write(root, GAMMA_FILES)
    auto = f"{MODELS}/auto/modeling_auto.py"
    edit(root, auto, '[("alpha", "AlphaModel")', '[("alpha", "AlphaModel"), ("gamma", "GammaModel")')
    commit(root, "Add Gamma")
    return root


def test_a_new_user_gets_a_checked_export_from_one_command(example_repository: Repository) -> None:
    """A package has a decoder that nobody exports yet."""
    root = example_repository.root
    put("decoder", root)
    _take_out_the_onnx_configuration(root)
    commit(root, "Add the Magpie decoder")
    said = run(root, "scaffold", MAGPIE).stdout
    assert said.splitlines()[0] == (
        "MagpieOnnxConfig(OnnxConfigWithPast): default, default-with-past, causal-lm, causal-lm-with-past"
    )
    assert said.endswith(f"Next: transformers-export check {MAGPIE}\n")
    assert git(root, "status", "--porcelain").split() == [
        *("M", MAGPIE),
        *("M", "src/acme_models/onnx/features.py"),
        *("M", "tests/onnx/test_onnx_v2.py"),
    ]
    assert run(root, "check", "--static").stdout.endswith("success: 0 findings\n")
    file = root.parent / "verdict.json"
    run(root, "check", "--exporter", "legacy", "--json", str(file), MAGPIE)
    assert {(case.feature, case.outcome) for case in decode(file.read_bytes()).cases} == {
        (feature, "passed") for feature in ("default", "default-with-past", "causal-lm", "causal-lm-with-past")
    }
    assert "is exported already" in refused(root, MAGPIE)


def _take_out_the_onnx_configuration(root: Path) -> None:
    configuration = root / MAGPIE
    text = configuration.read_text()
    start_, end = text.index("class MagpieOnnxConfig"), text.index("__all__")
    text = text[:start_] + text[end:].replace(', "MagpieOnnxConfig"', "")
    configuration.write_text(text.replace("from transformers_export.onnx import OnnxConfigWithPast\n\n", ""))
    for file in ("src/acme_models/magpie/__init__.py", "src/acme_models/__init__.py"):
        (root / file).write_text(
            re.sub(r"\n? *\"?MagpieOnnxConfig\"?,?(?=[\n\]),])|, MagpieOnnxConfig", "", (root / file).read_text())
        )


def test_the_diff_is_what_would_be_written(gamma: Path) -> None:
    shown = run(gamma, "scaffold", "--diff", GAMMA)
    assert git(gamma, "status", "--porcelain") == ""
    assert "would do: Write GammaOnnxConfig" in shown.stderr
    run(gamma, "scaffold", GAMMA)
    written = git(gamma, "diff")
    assert git(gamma, "diff", "--stat").splitlines()[-1].strip().startswith("3 files changed")
    git(gamma, "checkout", "--quiet", ".")
    (gamma.parent / "patch").write_text(shown.stdout)
    git(gamma, "apply", str(gamma.parent / "patch"))
    assert git(gamma, "diff") == written


def test_a_transformers_4_checkout_gets_class_export_registry_and_matrix(gamma: Path) -> None:
    run(gamma, "scaffold", GAMMA)
    text = (gamma / GAMMA).read_text()
    assert "from ...onnx import OnnxConfig\n" in text
    assert '__all__ = ["GammaConfig", "GammaOnnxConfig"]' in text
    registered = (gamma / REGISTRY).read_text().partition('"gamma": ')[2]
    assert registered.split()[:3] == [
        "supported_features_mapping(",
        '"default",',
        'onnx_config_cls="models.gamma.GammaOnnxConfig",',
    ]
    assert '("gamma", ' in (gamma / MATRIX).read_text()
    assert run(gamma, "check", "--static").stdout == "success: 0 findings\n"


def test_line_ends_and_byte_order_mark_stay(gamma: Path) -> None:
    file = gamma / GAMMA
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    commit(gamma, "On Windows")
    run(gamma, "scaffold", GAMMA)
    after = file.read_bytes()
    assert after.startswith(b"\xef\xbb\xbffrom")
    assert after.count(b"\n") == after.count(b"\r\n") > 20
    assert run(gamma, "check", "--static").stdout == "success: 0 findings\n"


def test_a_link_and_the_permissions_of_a_file_stay(gamma: Path) -> None:
    file = gamma / GAMMA
    real = file.with_name("real.py")
    file.rename(real)
    file.symlink_to("real.py")
    real.chmod(0o755)
    run(gamma, "scaffold", GAMMA)
    assert file.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o755
    assert "GammaOnnxConfig" in real.read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no class with a model_type"),
        ("class GammaConfig(:\n", "configuration_gamma.py:1: no valid Python"),
        ("\0", "no valid Python"),
        ("x = " + "(" * 5000, "configuration_gamma.py"),
        (CONFIG.replace("GammaConfig", "DeltaConfig") + CONFIG, "DeltaConfig, GammaConfig. Choose one with --class"),
        ("from transformers.exporters import OnnxConfig\n" + CONFIG, "OnnxConfig is transformers.exporters.OnnxConfig"),
    ],
)
def test_a_file_that_cannot_be_gone_by_is_refused(gamma: Path, text: str, said: str) -> None:
    (gamma / GAMMA).write_text(text)
    commit(gamma, "Odd")
    assert said in refused(gamma, GAMMA)


def test_a_path_that_is_no_configuration_of_the_repository_is_refused(gamma: Path, tmp_path: Path) -> None:
    outside = tmp_path / "configuration_x.py"
    outside.write_text(CONFIG)
    assert "lies outside" in refused(gamma, str(outside))
    assert "expected the Python file" in refused(gamma, "no/such/file.py")
    assert "expected the Python file" in refused(gamma, MODELS)
    assert "expected the Python file" in refused(gamma, "pyproject.toml")
    assert "is none of the repository's configuration files" in refused(gamma, REGISTRY)
    assert "is exported already" in refused(gamma, ALPHA)


@pytest.mark.parametrize("path", [GAMMA, REGISTRY, MATRIX])
def test_a_read_only_file_leaves_all_as_they_are(gamma: Path, path: str) -> None:
    (gamma / path).chmod(0o444)
    assert f"{path} is read-only: nothing is written" in refused(gamma, GAMMA)


def test_a_registry_that_cannot_be_edited_leaves_the_class_unwritten(gamma: Path) -> None:
    edit(gamma, REGISTRY, "_SUPPORTED_MODEL_TYPE = {", "_SUPPORTED_MODEL_TYPE = build() if True else {")
    commit(gamma, "Compute the registry")
    assert f"{REGISTRY}:15: the registry is no dictionary literal" in refused(gamma, GAMMA)


def test_a_base_class_that_the_checkout_does_not_have_is_refused(gamma: Path) -> None:
    """Trees of 2021 know no two-sided models; this one does not either."""
    model = f"{MODELS}/gamma/modeling_gamma.py"
    edit(gamma, model, "attention_mask=None", "attention_mask=None, decoder_input_ids=None")
    commit(gamma, "Give Gamma a decoder")
    assert "transformers.onnx has no OnnxSeq2SeqConfigWithPast" in refused(gamma, GAMMA)


def test_what_the_rules_would_call_an_error_is_not_written(gamma: Path) -> None:
    """A base class without what a class with past key values uses."""
    model = f"{MODELS}/gamma/modeling_gamma.py"
    edit(gamma, model, "attention_mask=None", "attention_mask=None, past_key_values=None")
    edit(gamma, model, "last_hidden_state=input_ids", "last_hidden_state=input_ids, past_key_values=None")
    text = (gamma / model).read_text()
    head = text[text.index("class") :].replace("GammaModel", "GammaForCausalLM").replace("last_hidden_state", "logits")
    write(gamma, {model: f"{text}\n\n{head}"})
    auto = f"{MODELS}/auto/modeling_auto.py"
    edit(gamma, auto, '[("beta_two", "BetaTwoForCausalLM")]', '[("gamma", "GammaForCausalLM")]')
    base = "src/transformers/onnx/config.py"
    edit(gamma, base, "    def fill_with_past_key_values_(self, inputs_or_outputs, direction):", "    def fill(self):")
    edit(gamma, base, '            self.fill_with_past_key_values_(outputs, direction="outputs")', "            pass")
    commit(gamma, "Let Gamma decode, on an older base class")
    said = refused(gamma, GAMMA)
    assert "What would be written is not right" in said
    assert "unknown-base-attribute" in said


def test_a_model_without_heads_is_refused(example_repository: Repository) -> None:
    """The example's Plover has a configuration and no model yet."""
    example_repository.checkout("no-case")
    said = refused(example_repository.root, "src/acme_models/plover/configuration_plover.py")
    assert 'No Auto class of a known task has a model for "acme_plover"' in said
    assert "Write and register the model first" in said


def test_transformers_5_has_no_place_for_it(tmp_path: Path) -> None:
    root = tmp_path / "transformers"
    start(root)
    write(root, {"src/transformers/__init__.py": "", **GAMMA_FILES})
    commit(root, "transformers 5")
    assert "transformers 5 has no ONNX configurations any more" in refused(root, GAMMA)


def test_without_a_registry_it_says_how_to_start_one(tmp_path: Path) -> None:
    root = tmp_path / "package"
    start(root)
    write(root, {"src/acme/configuration_gamma.py": CONFIG.replace("...configuration_utils", "transformers")})
    commit(root, "Start")
    said = refused(root, "src/acme/configuration_gamma.py")
    assert "No features registry was found" in said
    assert 'named in [tool.transformers-export] registry = "..."' in said


def test_a_hub_folder_gets_a_file_that_only_the_export_imports(example_repository: Repository, tmp_path: Path) -> None:
    root = tmp_path / "heron"
    start(root)
    example = example_repository.root / "src/acme_models/heron"
    text = (example / "configuration_heron.py").read_text()
    text = text[: text.index("class HeronOnnxConfig")].replace("from transformers_export.onnx import OnnxConfig\n", "")
    auto = {"AutoConfig": "configuration_heron.HeronConfig", "AutoModelForMaskedLM": "modeling_heron.HeronForMaskedLM"}
    write(
        root,
        {
            "configuration_heron.py": text,
            "modeling_heron.py": (example / "modeling_heron.py").read_text(),
            "config.json": json.dumps({"model_type": "acme_heron", "auto_map": auto}),
        },
    )
    commit(root, "Heron on the Hub")
    run(root, "scaffold", "configuration_heron.py")
    assert git(root, "status", "--porcelain") == "?? configuration_heron_onnx.py"
    assert "transformers_export" not in (root / "configuration_heron.py").read_text()
    file = tmp_path / "verdict.json"
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "transformers_export", "check", "--exporter", "legacy", "--json", str(file)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [(case.feature, case.outcome) for case in decode(file.read_bytes()).cases] == [("masked-lm", "passed")]
    assert "is exported already, with HeronOnnxConfig" in refused(root, "configuration_heron.py")
