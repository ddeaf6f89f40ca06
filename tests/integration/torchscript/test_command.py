"""The command, on real checkpoints on disk: what it writes, what it refuses, and how it ends."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
import transformers

from support.traced import SOURCE
from transformers_export import tiny
from transformers_export.cli import main as cli
from transformers_export.torchscript import load, read_manifest
from transformers_export.torchscript.command import main

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("checkpoints") / "tiny-distilbert"
    config = tiny.shrink(transformers.DistilBertConfig())
    model = tiny.build_model(transformers.AutoModelForMaskedLM, config)
    tiny.save_checkpoint(model, tiny.make_preprocessor(config, model), directory)
    return directory


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    verbosity = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()
    yield tmp_path
    transformers.logging.set_verbosity(verbosity)


def command(*arguments: str | Path) -> int:
    return main([str(argument) for argument in arguments])


def test_as_a_module_it_traces_validates_and_saves(checkpoint, here):
    arguments = ("--model", checkpoint, "--feature", "masked-lm", "out")
    done = subprocess.run(
        [sys.executable, "-m", "transformers_export.torchscript", *arguments],
        capture_output=True,
        text=True,
        cwd=here,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(SOURCE)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Validating TorchScript model...\n\t-[✓] file: torch loads it\n")
    assert "\t-[✓] axes: holds at all 8 sizes that were run\n" in done.stdout
    assert re.search(
        r'\t- output "logits": max difference \d\.\d\de[+-]\d\d, \d\.\d% of the tolerance 1e-05\n', done.stdout
    )
    assert done.stdout.endswith("All good, model saved at: out/model.pt\n")
    assert "deprecated" not in done.stderr
    manifest = read_manifest(here / "out")
    assert (manifest.model_type, manifest.task, manifest.tied_weights) == ("distilbert", "masked-lm", "shared")
    outputs = load(here / "out")(input_ids=torch.ones(1, 3).long(), attention_mask=torch.ones(1, 3).long())
    assert outputs["logits"].shape[:2] == (1, 3)


def test_it_is_also_a_command_of_the_tool(checkpoint, here, capsys):
    code = cli(["export", "torchscript", "--model", str(checkpoint), "--tied-weights", "cloned", "--freeze", "one.pt"])
    assert code == 0, capsys.readouterr().err
    assert [path.name for path in here.iterdir()] == ["one.pt"]
    assert (read_manifest("one.pt").tied_weights, read_manifest("one.pt").frozen) == ("cloned", True)


def test_sizes_are_chosen_and_fixed(checkpoint, capsys):
    code = command("--model", checkpoint, "--batch", "1", "--sequence", "16", "--fixed", "out")
    said = capsys.readouterr()
    assert code == 0, said.err
    assert "-[!] axes: fixed at input_ids [1, 16], attention_mask [1, 16], as asked" in said.out
    assert "-[✓] padding: pad_to gives the model's values at input_ids 1×8; input_ids 1×15" in said.out
    assert read_manifest("out").inputs[0].shape == (1, 16)


def test_a_fixed_trace_needs_its_sizes(checkpoint, capsys):
    assert command("--model", checkpoint, "--fixed", "--batch", "1", "out") == 2
    assert "takes inputs of its own size alone: say which with --sequence." in capsys.readouterr().err


def test_a_size_that_the_model_does_not_take_ends_with_1_and_leaves_nothing(checkpoint, capsys):
    assert command("--model", checkpoint, "--sequence", "4000", "out") == 1
    assert "The model does not take input_ids [4, 4000]" in capsys.readouterr().out
    assert list(Path("out").iterdir()) == []


def test_a_trace_that_does_not_hold_ends_with_1_says_why_and_leaves_nothing(checkpoint, capsys, monkeypatch):
    original = transformers.DistilBertModel.forward

    def bake(self, input_ids=None, attention_mask=None, **rest):
        return original(self, input_ids, attention_mask * torch.ones(1, int(input_ids.shape[1])).long(), **rest)

    monkeypatch.setattr(transformers.DistilBertModel, "forward", bake)
    assert command("--model", checkpoint, "--feature", "masked-lm", "out") == 1
    said = capsys.readouterr().out
    assert "-[x] axes: does not hold at input_ids 3×13" in said
    assert "with pad_to" in said
    assert "The trace does not match: axes, values. Nothing was written." in said
    assert list(Path("out").iterdir()) == []


def test_neuron_without_its_sdk_is_refused_before_a_weight_is_loaded(capsys):
    assert command("--model", "nowhere", "--target", "neuron", "out") == 2
    assert "needs AWS's Neuron SDK" in capsys.readouterr().err


def test_neuron_with_an_sdk_compiles_through_its_tracer(checkpoint, here, monkeypatch, capsys):
    """An SDK that records and traces: the command's path is the real one, the hardware is not."""
    (here / "torch_neuronx").mkdir()
    (here / "torch_neuronx" / "__init__.py").write_text(
        "import torch\ncalls = []\n"
        "def trace(module, inputs):\n"
        "    calls.append([tuple(tensor.shape) for tensor in inputs])\n"
        "    return torch.jit.trace(module, inputs, check_trace=False)\n"
    )
    monkeypatch.syspath_prepend(str(here))
    arguments = ("--model", checkpoint, "--target", "neuron")
    assert command(*arguments, "out") == 2
    assert "say which with --batch and --sequence" in capsys.readouterr().err
    assert command(*arguments, "--batch", "1", "--sequence", "12", "out") == 0, capsys.readouterr()
    assert sys.modules.pop("torch_neuronx").calls == [[(1, 12), (1, 12)]]
    assert (read_manifest("out").target, read_manifest("out").fixed) == ("neuron", True)


def test_wrong_use_is_refused(checkpoint, capsys):
    assert command("--model", "nowhere", "out") == 2
    assert "No checkpoint at 'nowhere'" in capsys.readouterr().err
    assert command("--model", checkpoint, "--feature", "causal-lm", "out") == 2
    assert "distilbert has no feature 'causal-lm'" in capsys.readouterr().err
    for wrong in (["--batch", "0"], ["--atol", "nan"], ["--tied-weights", "maybe"]):
        with pytest.raises(SystemExit) as ended:
            command("--model", checkpoint, *wrong, "out")
        assert ended.value.code == 2
