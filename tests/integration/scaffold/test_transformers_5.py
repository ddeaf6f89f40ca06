"""Real models of transformers 5 in a package of their own: scaffolded, checked by reading, exported, validated."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support import custom_package
from transformers_export.verdict.schema import decode

if TYPE_CHECKING:
    from pathlib import Path

MODELS: dict[str, tuple[str, dict[str, str]]] = {
    "llama": ("LlamaConfig", {"AutoModelForCausalLM": "LlamaForCausalLM"}),
    "gemma2": ("Gemma2Config", {"AutoModelForCausalLM": "Gemma2ForCausalLM"}),
    "modernbert": ("ModernBertConfig", {"AutoModelForMaskedLM": "ModernBertForMaskedLM"}),
    "t5": ("T5Config", {"AutoModelForSeq2SeqLM": "T5ForConditionalGeneration"}),
    "dinov2": ("Dinov2Config", {"AutoModelForImageClassification": "Dinov2ForImageClassification"}),
    "siglip": ("SiglipConfig", {"AutoModel": "SiglipModel"}),
    "wav2vec2": ("Wav2Vec2Config", {"AutoModel": "Wav2Vec2Model"}),
}
"""Fewer key-value heads than heads, layers of two types, an encoder, two sides, images, both, sound."""
SEVERAL = ("siglip",)
"""Their file holds the configurations of text and images too."""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("custom") / "custom-models"
    paths = custom_package.make(root, MODELS)
    for name, path in paths.items():
        chosen = ("--class", f"Custom{MODELS[name][0]}") if name in SEVERAL else ()
        done = _run(root, "scaffold", path, *chosen)
        assert done.returncode == 0, done.stderr
    return root


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "transformers_export", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_reading_finds_nothing_wrong(package: Path) -> None:
    done = _run(package, "check", "--static")
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("success: 0 findings\n")


def test_every_feature_exports_and_computes_what_pytorch_computes(package: Path) -> None:
    file = package.parent / "verdict.json"
    done = _run(package, "check", "--exporter", "legacy", "--jobs", "1", "--json", str(file))
    assert done.returncode == 0, done.stdout[-3000:]
    verdict = decode(file.read_bytes())
    assert sorted((case.model_type, case.feature, case.outcome) for case in verdict.cases) == [
        ("custom-dinov2", "image-classification", "passed"),
        ("custom-gemma2", "causal-lm", "passed"),
        ("custom-gemma2", "causal-lm-with-past", "passed"),
        ("custom-llama", "causal-lm", "passed"),
        ("custom-llama", "causal-lm-with-past", "passed"),
        ("custom-modernbert", "masked-lm", "passed"),
        ("custom-siglip", "default", "passed"),
        ("custom-t5", "seq2seq-lm", "passed"),
        ("custom-t5", "seq2seq-lm-with-past", "passed"),
        ("custom-wav2vec2", "default", "passed"),
    ]
    for case in verdict.cases:
        assert {check.name for check in case.checks} >= {"checker", "names", "axes", "values"}
        assert ("past" in {check.name for check in case.checks}) == case.feature.endswith("-with-past")
