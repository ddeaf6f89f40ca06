"""Every family that TensorFlow transformers had: TensorFlow, PyTorch and the exported graph agree."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
import torch

from support.environments import ROOT
from support.tensorflow_checkpoints import DATA, distance, families
from transformers_export.onnx import FeaturesManager

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIMIT = 1e-5
WRITTEN = json.loads((DATA / "written.json").read_text(encoding="utf-8"))["checkpoints"]
PAIRS = [(entry["family"], entry["feature"]) for entry in WRITTEN if entry["class"]]
ASKED_FOR = (
    *(
        "albert",
        "bart",
        "bert",
        "camembert",
        "convbert",
        "deberta",
        "distilbert",
        "electra",
        "flaubert",
        "gpt2",
        "gptj",
    ),
    *("layoutlm", "marian", "mbart", "mobilebert", "roberta", "roformer", "t5", "vit", "xlm", "xlm-roberta"),
)


def test_every_family_has_a_base_model_and_a_head() -> None:
    assert set(ASKED_FOR) <= set(families())
    assert families() == sorted({family for family, _ in PAIRS})
    for family in families():
        features = {feature for name, feature in PAIRS if name == family}
        assert len(features) > 1, family
        assert "default" in features, family


@pytest.mark.parametrize(("family", "feature"), PAIRS)
def test_tensorflow_pytorch_and_the_graph_agree(
    family: str, feature: str, checkpoint: Callable[[str, str], Path], tmp_path: Path
) -> None:
    found = distance(family, feature, checkpoint(family, feature), tmp_path / "model.onnx")
    assert found.pytorch <= LIMIT
    assert found.graph is not None
    assert found.graph <= LIMIT
    assert found.spread > 1000 * LIMIT


@pytest.mark.parametrize("family", families())
def test_the_base_model_is_the_same_under_every_head(family: str, checkpoint: Callable[[str, str], Path]) -> None:
    """One family's checkpoints share the weights they have in common."""
    alone = FeaturesManager.get_model_from_feature("default", str(checkpoint(family, "default"))).state_dict()
    for feature in (feature for name, feature in PAIRS if name == family and feature != "default"):
        model = FeaturesManager.get_model_from_feature("default", str(checkpoint(family, feature)))
        found = model.state_dict()
        assert [name for name in alone if name not in found and not name.startswith("pooler.")] == []
        assert [name for name, value in found.items() if not torch.equal(value, alone[name])] == []


def test_transformers_4_reads_them_all_too(python_4: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [python_4, ROOT / "tests" / "support" / "tensorflow_checkpoints.py", tmp_path],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "HF_HUB_OFFLINE": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted((row["family"], row["feature"]) for row in rows) == sorted(PAIRS)
    assert [row for row in rows if not row["pytorch"] <= LIMIT] == []
