"""The export command as a process of its own: what it imports, how it ends."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import transformers

from transformers_export import tiny

if TYPE_CHECKING:
    from pathlib import Path

PROBE = """
import atexit, sys
from transformers_export.onnx import alone
atexit.register(lambda: print("imported:", *sys.modules))
{body}
"""
COMMAND = "from transformers_export.onnx.command import main; alone.run(lambda: main({arguments!r}, alone=True))"


def _run(body: str) -> subprocess.CompletedProcess[str]:
    code = PROBE.format(body=body)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def _imported(done: subprocess.CompletedProcess[str]) -> set[str]:
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("imported:")]
    return set(line.split()[1:])


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("checkpoint")
    config = tiny.shrink(transformers.BertConfig())
    model = tiny.build_model(transformers.AutoModel, config)
    tiny.save_checkpoint(model, tiny.make_preprocessor(config, model), directory)
    return directory


def test_a_legacy_export_imports_no_compiler_and_no_distributed_tensors(checkpoint: Path, tmp_path: Path) -> None:
    arguments = ["--model", str(checkpoint), "--exporter", "legacy", str(tmp_path)]
    done = _run(COMMAND.format(arguments=arguments))
    assert done.returncode == 0, done.stdout + done.stderr
    modules = _imported(done)
    assert "transformers.modeling_utils" in modules
    assert not modules & {"torch._dynamo", "torch._inductor", "torch.distributed.tensor", "onnxscript", "sklearn"}
    assert (tmp_path / "model.onnx").exists()


def test_what_was_left_out_is_there_for_who_needs_it_later() -> None:
    body = """
from transformers_export.onnx.lean_imports import import_modeling
import torch
import_modeling()
assert "torch._dynamo" not in sys.modules
from transformers import masking_utils
index = masking_utils.TransformGetItemToIndex()
import torch._dynamo._trace_wrapped_higher_order_op as wrapped
assert type(index) is wrapped.TransformGetItemToIndex
assert torch.compiler.disable.__module__ == "torch.compiler"
print(torch.compile(lambda x: x + 1, backend="eager")(torch.ones(2)).tolist())
"""
    done = _run(body)
    assert done.returncode == 0, done.stderr
    assert "[2.0, 2.0]" in done.stdout


def test_wrong_use_and_errors_end_the_process_as_elsewhere(tmp_path: Path) -> None:
    wrong = _run(COMMAND.format(arguments=["--model", str(tmp_path / "none"), str(tmp_path / "out")]))
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("error: No checkpoint")
    unknown = _run(COMMAND.format(arguments=["--feature"]))
    assert unknown.returncode == 2
    assert "expected one argument" in unknown.stderr
    broken = _run("alone.run(lambda: 1 // 0)")
    assert broken.returncode == 1
    assert "ZeroDivisionError" in broken.stderr
    assert "imported:" in broken.stdout
