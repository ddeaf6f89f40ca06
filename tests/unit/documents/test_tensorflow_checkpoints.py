"""docs/tensorflow-checkpoints.md says of every checkpoint that TensorFlow wrote how close PyTorch and the graph are."""

from __future__ import annotations

import json
import re

from support.repositories import ROOT

FIGURE = r"([\d.e+-]+)"
ROW = re.compile(rf"^\| `([\w.-]+)` \| ([\w-]+) \| TF\w+ \| \d+ \| {FIGURE} \| {FIGURE} \| {FIGURE} \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs" / "tensorflow-checkpoints.md").read_text(encoding="utf-8"))
WRITTEN = json.loads((ROOT / "tests" / "data" / "tensorflow" / "written.json").read_text(encoding="utf-8"))


def test_every_checkpoint_is_in_the_table() -> None:
    written = [(entry["family"], entry["feature"]) for entry in WRITTEN["checkpoints"] if entry["class"]]
    assert [(family, feature) for family, feature, *_ in ROWS] == written, (
        "run python benchmarks/tensorflow_checkpoints.py"
    )


def test_every_difference_is_within_the_limit() -> None:
    assert [row for row in ROWS if max(map(float, row[2:])) > 1e-5] == []
