"""The promise of the guide: the command is the same for a checkpoint that TensorFlow saved."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import transformers

import onnx
from support import hub
from transformers_export import tiny

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _command(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "transformers_export.onnx", "--exporter", "legacy", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "HF_HUB_OFFLINE": "1", **environment},
        check=False,
    )


def _with_preprocessor(checkpoint: Path, directory: Path) -> Path:
    shutil.copytree(checkpoint, directory)
    tiny.make_preprocessor(transformers.AutoConfig.from_pretrained(directory)).save_pretrained(directory)
    return directory


def test_a_directory_exports(checkpoint: Callable[[str, str], Path], tmp_path: Path) -> None:
    _with_preprocessor(checkpoint("bert", "default"), tmp_path / "local-tf-checkpoint")
    ended = _command("--model", "local-tf-checkpoint", "--opset", "12", "onnx/", cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.endswith("All good, model saved at: onnx/model.onnx\n")
    onnx.checker.check_model(onnx.load(tmp_path / "onnx" / "model.onnx"))


def test_a_hub_id_exports_as_the_guide_promised(checkpoint: Callable[[str, str], Path], tmp_path: Path) -> None:
    served = _with_preprocessor(checkpoint("distilbert", "question-answering"), tmp_path / "served")
    with hub.serve("keras-io/transformers-qa", served) as running:
        environment = running.environment(tmp_path / "home")
        ended = _command("--model=keras-io/transformers-qa", "onnx/", cwd=tmp_path, **environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "/keras-io/transformers-qa/resolve/main/tf_model.h5" in running.asked
    left_over = "does not take these weights of the checkpoint: tf_distil_bert_for_question_answering/qa_outputs/"
    assert left_over in ended.stdout


def test_a_sharded_hub_id_exports(checkpoint: Callable[[str, str], Path], tmp_path: Path) -> None:
    served = _with_preprocessor(checkpoint("vit", "image-classification"), tmp_path / "served")
    shards = sorted(path.name for path in served.glob("*.h5"))
    with hub.serve("acme/vit", served) as running:
        arguments = ("--model=acme/vit", "--feature=image-classification", "onnx/")
        ended = _command(*arguments, cwd=tmp_path, **running.environment(tmp_path / "home"))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert {f"/acme/vit/resolve/main/{shard}" for shard in shards} <= set(running.asked)
    assert len(shards) > 2


def test_a_feature_without_weights_is_one_error(checkpoint: Callable[[str, str], Path], tmp_path: Path) -> None:
    directory = _with_preprocessor(checkpoint("distilbert", "question-answering"), tmp_path / "local")
    ended = _command("--model", str(directory), "--feature", "masked-lm", "onnx/", cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith("error: Cannot load")
    assert "no weights for vocab_transform.weight" in ended.stderr
    assert list((tmp_path / "onnx").iterdir()) == []
