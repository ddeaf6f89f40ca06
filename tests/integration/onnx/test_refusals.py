"""Checkpoints that cannot be loaded, and machines that lack a package: one sentence and exit code 2."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import transformers

from transformers_export import tiny
from transformers_export.onnx.command import main
from transformers_export.torchscript.command import main as trace

if TYPE_CHECKING:
    from pathlib import Path


def _save(directory: Path, **options: object) -> Path:
    config = tiny.shrink(transformers.LlamaConfig())
    model = tiny.build_model(transformers.AutoModelForCausalLM, config)
    model.save_pretrained(directory, **options)
    tiny.make_preprocessor(config, model).save_pretrained(directory)
    return directory


def _configure(directory: Path, **values: object) -> None:
    file = directory / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def _refused(directory: Path, capsys: pytest.CaptureFixture[str]) -> str:
    arguments = ["--model", str(directory), "--feature", "causal-lm", str(directory.parent / "out")]
    assert trace(arguments) == 2
    capsys.readouterr()
    assert main(arguments) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("method", ["gptq", "awq", "bitsandbytes", "compressed-tensors", "fp8", "hqq"])
def test_quantized_weights_are_refused_by_the_name_of_the_method(
    method: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _configure(_save(tmp_path / "checkpoint"), quantization_config={"quant_method": method, "bits": 4})
    assert f"is quantized with {method}. An export needs the weights as numbers" in _refused(
        tmp_path / "checkpoint", capsys
    )


@pytest.mark.parametrize("cut", [6, 100, 20_000])
def test_a_cut_file_of_weights_is_named(cut: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = _save(tmp_path / "checkpoint") / "model.safetensors"
    file.write_bytes(file.read_bytes()[:cut])
    said = _refused(tmp_path / "checkpoint", capsys)
    assert "model.safetensors is cut or damaged: expected" in said
    assert f"it has {cut}" in said


def test_a_lost_shard_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _save(tmp_path / "checkpoint", max_shard_size="20KB")
    lost = sorted((tmp_path / "checkpoint").glob("model-*.safetensors"))[1]
    lost.unlink()
    assert f"lacks {lost.name}, which its model.safetensors.index.json names" in _refused(
        tmp_path / "checkpoint", capsys
    )


def test_a_cut_pickle_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    directory = _save(tmp_path / "checkpoint")
    (directory / "model.safetensors").unlink()
    torch.save({"weight": torch.ones(100, 100)}, directory / "pytorch_model.bin")
    file = directory / "pytorch_model.bin"
    file.write_bytes(file.read_bytes()[:1000])
    assert "a file of weights is damaged or cut" in _refused(directory, capsys)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_git_lfs_pointer_is_named(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = _save(tmp_path / "checkpoint") / name
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n")
    assert f"{name} is a git-lfs pointer" in _refused(tmp_path / "checkpoint", capsys)


@pytest.mark.parametrize(
    "values",
    [{"hidden_size": "wide"}, {"num_attention_heads": 0}, {"num_hidden_layers": -1.5}, {"rope_scaling": {"type": 7}}],
)
def test_impossible_values_of_the_configuration_are_wrong_use(
    values: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _configure(_save(tmp_path / "checkpoint"), **values)
    assert _refused(tmp_path / "checkpoint", capsys).startswith("error: Cannot")


@pytest.mark.parametrize("name", ["BartConfig", "MBartConfig", "PegasusConfig"])
def test_a_configuration_that_lacks_what_the_graph_needs_is_wrong_use(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tiny.shrink(getattr(transformers, name)())
    model = tiny.build_model(transformers.AutoModelForSeq2SeqLM, config)
    tiny.save_checkpoint(model, tiny.make_preprocessor(config, model), tmp_path / "checkpoint")
    _configure(tmp_path / "checkpoint", decoder_layers=None)
    arguments = ["--model", str(tmp_path / "checkpoint"), "--feature", "seq2seq-lm-with-past", str(tmp_path / "out")]
    for command in (main, trace):
        assert command(arguments) == 2
        said = capsys.readouterr().err
        # Most configuration classes of transformers 5 refuse it themselves; BART's leaves it to whoever reads it.
        assert "error: " in said
        assert "decoder_layers" in said
        assert "Traceback" not in said


@pytest.mark.parametrize("text", ["{not json", "[]", "7", '"text"'])
def test_a_configuration_that_is_no_json_object_is_wrong_use(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (_save(tmp_path / "checkpoint") / "config.json").write_text(text)
    assert _refused(tmp_path / "checkpoint", capsys).startswith("error: ")


def test_a_path_is_not_taken_for_a_hub_id(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no such directory" in _refused(tmp_path / "no" / "such", capsys)
    (tmp_path / "empty").mkdir()
    assert "has no config.json; it is empty" in _refused(tmp_path / "empty", capsys)


def test_code_that_the_checkpoint_brings_runs_only_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = _save(tmp_path / "checkpoint")
    _configure(directory, model_type="acme-remote", auto_map={"AutoConfig": "configuration_acme.AcmeConfig"})
    (directory / "configuration_acme.py").write_text("raise RuntimeError('the code ran')\n")
    assert "pass --trust-remote-code" in _refused(directory, capsys)
    arguments = ["--model", str(directory), "--trust-remote-code", str(tmp_path / "out")]
    assert main(arguments) == 2
    assert "RuntimeError: the code ran" in capsys.readouterr().err


@pytest.mark.parametrize("asked", ["flash_attention_2", "flex_attention"])
@pytest.mark.parametrize("key", ["attn_implementation", "_attn_implementation"])
def test_attention_kernels_that_no_graph_holds_are_replaced_and_it_is_said(
    key: str, asked: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _configure(_save(tmp_path / "checkpoint"), **{key: asked})
    arguments = ["--model", str(tmp_path / "checkpoint"), "--feature", "causal-lm", "--exporter", "legacy"]
    code = main([*arguments, str(tmp_path / "out")])
    said = capsys.readouterr()
    assert code == 0, said.err
    assert f"config.json asks for the attention {asked!r}; the export uses eager attention" in said.out


def test_the_head_that_is_left_out_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _save(tmp_path / "checkpoint")
    assert main(["--model", str(tmp_path / "checkpoint"), "--exporter", "legacy", str(tmp_path / "out")]) == 0
    assert "is a LlamaForCausalLM: its head is exported with --feature causal-lm." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("package", "command"),
    [("onnx", "onnx"), ("onnxruntime", "onnx"), ("torch", "onnx"), ("torch", "torchscript"), ("onnxscript", "onnx")],
)
def test_a_package_that_is_not_installed_is_named_before_anything_is_loaded(
    package: str, command: str, tmp_path: Path
) -> None:
    (tmp_path / f"{package}.py").write_text(
        f"raise ModuleNotFoundError(\"No module named '{package}'\", name={package!r})"
    )
    done = subprocess.run(
        [sys.executable, "-m", f"transformers_export.{command}", "--model", "absent", "out"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert f"This needs {package}, which is not installed here. Run: " in done.stderr
