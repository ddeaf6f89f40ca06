"""The command as a user runs it: real checkpoints on disk and from a hub on localhost."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import transformers

import onnx
from support import hub, removed_legacy
from transformers_export import tiny
from transformers_export.onnx import command

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Ended:
    """How a run of the command ended."""

    code: int
    out: str
    err: str


def _command(*arguments: str | Path, cwd: Path, **environment: str) -> Ended:
    done = subprocess.run(
        [sys.executable, "-m", "transformers_export.onnx", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "HF_HUB_OFFLINE": "1", **environment},
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("checkpoints") / "tiny-distilbert"
    config = tiny.shrink(transformers.DistilBertConfig())
    model = tiny.build_model(transformers.AutoModelForMaskedLM, config)
    tiny.save_checkpoint(model, tiny.make_preprocessor(config, model), directory)
    assert (directory / "model.safetensors").exists()
    return directory


def test_a_good_export_prints_the_lines_of_transformers_onnx_and_ends_with_0(checkpoint: Path, tmp_path: Path) -> None:
    ended = _command("--model", checkpoint, "--feature", "masked-lm", "out", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert ended.out.startswith(
        "Validating ONNX model...\n\t-[✓] ONNX model output names match reference model (logits)"
    )
    assert '\t- Validating ONNX Model output "logits":' in ended.out
    assert "max difference: " in ended.out
    assert ended.out.endswith("All good, model saved at: out/model.onnx\n")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["model.onnx"]


def test_a_reader_that_leaves_ends_the_export_quietly(checkpoint: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "transformers_export.onnx", "--model", checkpoint, "--exporter", "legacy", "out"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, bufsize=0) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        said = running.stderr.read().decode()
    assert running.returncode == 141
    assert "Traceback" not in said
    assert "Logging error" not in said
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("opset", [12, 17])
def test_the_legacy_exporter_writes_the_opset_asked_for(checkpoint: Path, tmp_path: Path, opset: int) -> None:
    arguments = ("--model", checkpoint, "--opset", str(opset), "--exporter", "legacy", "file.onnx")
    ended = _command(*arguments, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert onnx.load(tmp_path / "file.onnx").opset_import[0].version == opset


def test_both_exporters_must_agree_with_pytorch(checkpoint: Path, tmp_path: Path) -> None:
    ended = _command("--model", checkpoint, "--exporter", "both", "out", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert ended.out.count("Validating ONNX model...") == 2


DIVIDED_BY_LENGTH = """
import torch
from transformers.models.distilbert.modeling_distilbert import Embeddings

embed = Embeddings.forward
# A trace keeps the number that it saw; torch.export keeps where it came from.
Embeddings.forward = lambda self, ids, *rest: embed(self, ids, *rest) / torch.sym_float(ids.shape[1])
"""


def test_both_says_where_the_exporters_disagree_and_leaves_nothing(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "divided.py").write_text(DIVIDED_BY_LENGTH)
    arguments = ("--model", checkpoint, "--exporter", "both", "--import", "divided", "out")
    ended = _command(*arguments, cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert ended.code == 1, ended.err
    assert "The exporters disagree: dynamo passes, legacy fails." in ended.out
    assert "embeddings" in ended.out
    assert list((tmp_path / "out").iterdir()) == []


def test_auto_falls_back_and_says_so(checkpoint: Path, tmp_path: Path) -> None:
    """Opset 14 is one that dynamo cannot write."""
    ended = _command("--model", checkpoint, "--exporter", "auto", "--opset", "14", "out", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert "The dynamo exporter failed: OpsetError: Opset 14 cannot be written" in ended.out
    assert "trying the legacy exporter" in ended.out
    assert onnx.load(tmp_path / "out" / "model.onnx").opset_import[0].version == 14


def test_both_needs_an_opset_that_both_can_write(checkpoint: Path, tmp_path: Path) -> None:
    ended = _command("--model", checkpoint, "--exporter", "both", "--opset", "14", "out", cwd=tmp_path)
    assert ended.code == 2
    assert "Opset 14 cannot be written by the dynamo exporter" in ended.err


def test_an_export_that_does_not_match_ends_with_1_and_leaves_nothing(checkpoint: Path, tmp_path: Path) -> None:
    arguments = ("--model", checkpoint, "--exporter", "legacy", "--atol", "1e-12", "out")
    ended = _command(*arguments, cwd=tmp_path)
    assert ended.code == 1
    assert "values not close enough" in ended.out
    assert "The export does not match" in ended.out
    assert list((tmp_path / "out").iterdir()) == []


def _without_weights(checkpoint: Path, directory: Path, *names: str) -> Path:
    directory.mkdir()
    for file in checkpoint.iterdir():
        if not file.name.startswith("model.safetensors"):
            (directory / file.name).write_bytes(file.read_bytes())
    for name in names:
        (directory / name).write_bytes(b"")
    return directory


def test_tensorflow_weights_that_cannot_be_read_are_one_error(checkpoint: Path, tmp_path: Path) -> None:
    directory = _without_weights(checkpoint, tmp_path / "tf", "tf_model.h5")
    ended = _command("--model", directory, "out", cwd=tmp_path)
    assert ended.code == 2
    assert "tf_model.h5 cannot be read as HDF5" in ended.err


def test_a_checkpoint_without_weights_says_what_was_expected(checkpoint: Path, tmp_path: Path) -> None:
    ended = _command("--model", _without_weights(checkpoint, tmp_path / "none"), "out", cwd=tmp_path)
    assert ended.code == 2
    assert "holds no weights: expected one of model.safetensors" in ended.err


def test_an_architecture_without_a_configuration_lists_what_is_supported(tmp_path: Path) -> None:
    transformers.MambaConfig().save_pretrained(tmp_path / "mamba")
    ended = _command("--model", "mamba", "out", cwd=tmp_path)
    assert ended.code == 2
    assert "'mamba' has no OnnxConfig. Supported: aimv2-vision-model, albert" in ended.err
    assert "FeaturesManager.register" in ended.err


def test_an_architecture_transformers_does_not_know_says_so(tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "config.json").write_text('{"model_type": "warbler"}')
    ended = _command("--model", "odd", "out", cwd=tmp_path)
    assert ended.code == 2
    assert "architecture that this transformers does not know" in ended.err
    assert "Supported: aimv2-vision-model, albert" in ended.err


def test_a_module_that_registers_a_model_can_be_imported_first(tmp_path: Path) -> None:
    config = tiny.shrink(transformers.GraniteSWAConfig())
    model = tiny.build_model(transformers.AutoModelForCausalLM, config)
    tiny.save_checkpoint(model, tiny.make_preprocessor(config, model), tmp_path / "granite_swa")
    (tmp_path / "acme_granite.py").write_text(
        "from transformers_export.models.bases import DecoderOnnxConfig\n"
        "from transformers_export.onnx import FeaturesManager\n"
        "class GraniteOnnxConfig(DecoderOnnxConfig):\n    pass\n"
        "FeaturesManager.register('granite_swa', 'causal-lm', onnx_config='acme_granite.GraniteOnnxConfig')\n"
    )
    arguments = ("--model", "granite_swa", "--feature", "causal-lm", "--exporter", "legacy", "out")
    assert _command(*arguments, cwd=tmp_path).code == 2
    ended = _command("--import", "acme_granite", *arguments, cwd=tmp_path)
    assert ended.code == 0, ended.out + ended.err
    missing = _command("--import", "nowhere", *arguments, cwd=tmp_path)
    assert (missing.code, "Cannot import nowhere" in missing.err) == (2, True)


def test_an_unknown_feature_lists_those_of_the_model(checkpoint: Path, tmp_path: Path) -> None:
    ended = _command("--model", checkpoint, "--feature", "causal-lm", "out", cwd=tmp_path)
    assert ended.code == 2
    assert "distilbert has no feature 'causal-lm'. Expected one of: default, masked-lm" in ended.err


def test_a_missing_checkpoint_says_what_was_expected(tmp_path: Path) -> None:
    ended = _command("--model", "nowhere", "out", cwd=tmp_path)
    assert ended.code == 2
    assert "No checkpoint at 'nowhere': expected a directory with config.json, or a hub id" in ended.err


@pytest.mark.parametrize("atol", ["0", "-1", "nan", "inf"])
def test_a_tolerance_that_is_none_is_refused(tmp_path: Path, atol: str) -> None:
    ended = _command("--model", "nowhere", f"--atol={atol}", "out", cwd=tmp_path)
    assert ended.code == 2
    assert "expected a number above zero" in ended.err


@pytest.mark.parametrize(("exporter", "says"), [("dynamo", "expected 18 to 2"), ("legacy", "expected 11 to 20")])
def test_an_opset_too_low_names_the_range(checkpoint: Path, tmp_path: Path, exporter: str, says: str) -> None:
    ended = _command("--model", checkpoint, "--opset", "9", "--exporter", exporter, "out", cwd=tmp_path)
    assert ended.code == 2
    assert says in ended.err


@pytest.mark.parametrize("exporter", ["legacy", "both"])
def test_a_torch_without_the_legacy_exporter_is_said_before_anything_is_loaded(
    exporter: str, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    removed_legacy.refuse(monkeypatch)
    monkeypatch.setattr("transformers_export.onnx.checkpoint.load_model", None)
    assert command.main(["--model", str(checkpoint), "--exporter", exporter, str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "has no legacy exporter any more: expected one that exports with torch.onnx.export(dynamo=False)" in said
    assert "Use `--exporter dynamo`" in said


def test_an_output_that_cannot_be_written_is_refused_first(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    ended = _command("--model", "nowhere", "file/out", cwd=tmp_path)
    assert ended.code == 2
    assert "Cannot write to file/out" in ended.err


def test_a_hub_id_goes_to_from_pretrained_unchanged(checkpoint: Path, tmp_path: Path) -> None:
    with hub.serve("acme/tiny-distilbert", checkpoint) as served:
        ended = _command(
            *("--model", "acme/tiny-distilbert", "--cache-dir", tmp_path / "cache", "--exporter", "legacy", "out"),
            cwd=tmp_path,
            **served.environment(tmp_path / "home"),
        )
    assert ended.code == 0, ended.err
    assert "/acme/tiny-distilbert/resolve/main/config.json" in served.asked
    assert "/acme/tiny-distilbert/resolve/main/model.safetensors" in served.asked
    assert (tmp_path / "cache").is_dir()
