"""Every registered model of transformers 4.48.0 scaffolded anew, and held against the class that people wrote for it.

The ONNX configurations are taken out of the tree, registry, matrix, `__all__` and docs included, and written again from
`forward()` alone. Both trees are then imported, and what their classes declare is compared: names, axes, features.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from support.environments import ROOT
from support.repositories import git
from support.static import check
from support.without_onnx import strip
from transformers_export.project import open_project
from transformers_export.scaffold.decide import decide
from transformers_export.scaffold.edit import edits
from transformers_export.scaffold.facts import CannotScaffoldError
from transformers_export.scaffold.reading import facts
from transformers_export.source import tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from support.repositories import Repository

SAME = (
    "albert bert big-bird camembert convbert deberta deberta-v2 distilbert electra gptj ibert mobilebert rembert "
    "roberta squeezebert xlm xlm-roberta"
)
"""Names, axes and features are what people wrote, to the letter."""
DIFFERENT = {
    # Heads that upstream has and does not export: `missing-feature` says so of its own registry.
    "more features": "codegen data2vec-text gpt-neo gpt2",
    # Upstream declares height and width free; most models fix them, and the code does not say which do not.
    "axes of images": "clip convnext deit groupvit levit owlvit poolformer resnet segformer swin vit yolos",
    "axes of images, more features": "beit data2vec-vision",
    # Upstream fixes the decoder's length with past, or calls one length by two names; ours decodes several tokens.
    "axes of sequences": "longt5 m2m-100 whisper",
    "axes of sequences, more features": "mt5 t5",
    # The decoder of a two-sided model alone needs inputs of its own: left out, and said.
    "axes of sequences, fewer features": "bart bigbird-pegasus blenderbot blenderbot-small marian mbart",
    # Bloom keeps its values as everybody does; upstream's class still turns them.
    "axes of sequences, more features (bloom)": "bloom",
    # Upstream declares the axes of multiple choice as if there were no choices.
    "axes of sequences (roformer)": "roformer",
    # An output more than the base class declares.
    "fewer outputs": "mobilenet-v1",
    "fewer outputs, more features": "mobilenet-v2",
    "axes of images, fewer outputs, more features": "mobilevit",
    # Inputs that no tokenizer makes are left out, and said.
    "fewer inputs": "layoutlm",
    "fewer inputs, fewer outputs": "longformer",
    "axes of images, fewer inputs": "detr",
    # ImageGPT's has no tokenizer at all; upstream leaves out the mask.
    "more inputs": "imagegpt",
    # FlauBERT's tokenizer makes token types; upstream leaves them out. Its causal-lm has no Auto class.
    "fewer features, more inputs": "flaubert",
}
REFUSED = {
    "layoutlmv3": "LayoutLMv3Model takes input_ids, bbox",
    "perceiver": "PerceiverModel takes inputs",
    "vision-encoder-decoder": "VisionEncoderDecoderModel takes pixel_values, decoder_input_ids",
}
"""What no base class makes inputs for: an error, and nothing is written."""
NEW = {"mistral": "src/transformers/models/mistral/configuration_mistral.py"}
"""One that nobody has written a class for, with fewer key-value heads than heads."""


@dataclass
class Scaffolded:
    """A tree in which every configuration was written anew."""

    root: Path
    refused: dict[str, str] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def scaffolded(transformers_4_repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Scaffolded:
    """In two halves, so that the registry, the matrix and the docs list have neighbours to go by."""
    root = tmp_path_factory.mktemp("scaffolded") / "transformers"
    git(root.parent, "clone", "--quiet", "--branch", "main", str(transformers_4_repository.root), str(root))
    found = Scaffolded(root)
    files = tree.working_tree(root)
    keys = [entry.key for entry in open_project(root, files).snapshot(files).registry.entries]
    for half in (keys[0::2], keys[1::2]):
        files = tree.working_tree(root)
        _scaffold(found, strip(root, open_project(root, files).snapshot(files), half))
    _scaffold(found, NEW)
    return found


def _scaffold(found: Scaffolded, paths: Mapping[str, str]) -> None:
    files = tree.working_tree(found.root)
    project = open_project(found.root, files)
    snapshot = project.snapshot(files)
    for key, path in paths.items():
        (name,) = [item.class_name for item in snapshot.model_types(path) if item.key == key]
        try:
            known = facts(snapshot, path, name)
            made = edits(project, snapshot, path, known, decide(known))
        except CannotScaffoldError as error:
            found.refused[key] = str(error)
            continue
        found.written.append(key)
        for changed, content in made.files.items():
            (found.root / changed).write_bytes(content)


def _declared(python: Path, root: Path) -> dict[str, Any]:
    script = ROOT / "tests" / "support" / "declared_axes.py"
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    done = subprocess.run([python, script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    read: dict[str, Any] = json.loads(done.stdout)
    return read


def _differences(theirs: dict[str, Any], ours: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    found.update("more features" for _ in ours.keys() - theirs.keys())
    found.update("fewer features" for _ in theirs.keys() - ours.keys())
    for feature in theirs.keys() & ours.keys():
        for kind in ("inputs", "outputs"):
            before, after = theirs[feature][kind], ours[feature][kind]
            found.update(f"more {kind}" for _ in after.keys() - before.keys())
            found.update(f"fewer {kind}" for _ in before.keys() - after.keys())
            assert [name for name in before if name in after] == [name for name in after if name in before]
            images = "pixel_values" in after or "pixel_values" in theirs[feature]["inputs"]
            moved = [name for name in before.keys() & after.keys() if before[name] != after[name]]
            found.update(f"axes of {'images' if images else 'sequences'}" for _ in moved)
    return found


def test_what_is_written_is_what_people_wrote_or_differs_for_a_reason(
    scaffolded: Scaffolded, transformers_4_repository: Repository, python_4: Path
) -> None:
    theirs = _declared(python_4, transformers_4_repository.root)
    ours = _declared(python_4, scaffolded.root)
    rewritten = [key for key in scaffolded.written if key not in NEW]
    found = {key: ", ".join(sorted(_differences(theirs[key], ours[key]))) for key in rewritten}
    expected = dict.fromkeys(SAME.split(), "")
    for kinds, names in DIFFERENT.items():
        expected |= {key: kinds.partition(" (")[0] for key in names.split()}
    assert found == expected
    assert len(expected) == 56


def test_what_cannot_be_written_is_refused_with_the_reason(scaffolded: Scaffolded) -> None:
    assert scaffolded.refused.keys() == REFUSED.keys()
    for key, why in REFUSED.items():
        assert why in scaffolded.refused[key]
        assert "need a class written by hand" in scaffolded.refused[key]


def test_the_static_rules_find_nothing_wrong_with_any_of_them(scaffolded: Scaffolded) -> None:
    """Advice alone: of the heads that are left out."""
    checked = check(scaffolded.root)
    assert [item for item in checked.findings if item.status == "new" and item.severity == "error"] == []
    advice = [item.subject for item in checked.findings if item.status == "new"]
    left_out = DIFFERENT["axes of sequences, fewer features"].split()
    assert sorted(advice) == sorted(f"{key}/causal-lm" for key in left_out)


SHAPES = {"bert": 7, "bart": 6, "gpt2": 7, "vit": 2, "whisper": 4, "mistral": 7}


def test_one_of_each_shape_exports_with_the_legacy_exporter(scaffolded: Scaffolded, python_4: Path) -> None:
    """Every feature, held against PyTorch at several shapes, with past against a pass without it."""
    script = ROOT / "tests" / "support" / "export_matrix.py"
    path = os.pathsep.join(str(folder / "src") for folder in (scaffolded.root, ROOT))
    environment = {**os.environ, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1"}
    command = [python_4, script, "transformers", "legacy", *SHAPES]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    cases = [json.loads(line) for line in done.stdout.splitlines()]
    assert [case for case in cases if case["failed"]] == []
    assert {name: sum(case["model_type"] == name for case in cases) for name in SHAPES} == SHAPES
    assert all(case["class"].startswith("transformers.models") for case in cases)
