"""The 4.48.0 repository: its matrix and docs list agree with what its registry says when it is imported."""

from __future__ import annotations

import ast
import json
import subprocess
from typing import TYPE_CHECKING

from support import environments
from support.repositories import DISTILBERT, DOCS, MATRIX, MPNET, git

if TYPE_CHECKING:
    from pathlib import Path

    from support.repositories import Repository

SCRIPT = """
import json
import transformers
from transformers.onnx.features import FeaturesManager
print(json.dumps([transformers.__file__, sorted(FeaturesManager._SUPPORTED_MODEL_TYPE)]))
"""


def matrix_sets(source: str) -> dict[str, set[str]]:
    sets = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            sets[node.targets[0].id] = {key for key, _ in ast.literal_eval(node.value)}
    return sets


def test_the_matrix_lists_what_the_imported_registry_has(
    transformers_4_repository: Repository, python_4: Path, tmp_path: Path
) -> None:
    root = transformers_4_repository.root
    python = environments.with_repository(python_4, root, tmp_path)
    run = subprocess.run([str(python), "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    imported_from, registry = json.loads(run.stdout.splitlines()[-1])
    assert imported_from.startswith(str(root)), "the checkout must be what is imported, not the installed package"
    sets = matrix_sets((root / MATRIX).read_text(encoding="utf-8"))
    torch_sets = [keys for name, keys in sets.items() if name.startswith("PYTORCH_")]
    assert sorted(key for keys in torch_sets for key in keys) == registry
    assert "bart" in sets["PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS"]
    assert "gpt2" in sets["PYTORCH_EXPORT_WITH_PAST_MODELS"]


def test_the_docs_list_shows_the_models_by_name(transformers_4_repository: Repository) -> None:
    docs = (transformers_4_repository.root / DOCS).read_text(encoding="utf-8")
    assert {"- ALBERT", "- DistilBERT", "- OpenAI GPT-2", "- T5"} <= set(docs.splitlines())


def test_the_pull_requests_change_one_configuration_each(transformers_4_repository: Repository) -> None:
    root = transformers_4_repository.root
    assert git(root, "diff", "--name-only", "main...harmless") == DISTILBERT
    assert git(root, "diff", "--name-only", "main...incomplete") == MPNET
