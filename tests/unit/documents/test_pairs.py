"""docs/pairs.md says of every registered pair what became of it with each exporter."""

from __future__ import annotations

import re

from support.repositories import ROOT
from transformers_export.onnx.exporters import EXPORTERS
from transformers_export.onnx.features import FeaturesManager

ROW = re.compile(r"^\| `([\w-]+)` \| ([\w-]+) \| (\w+) \| (.*?) \| [^|]* \| [\d.]+ \| \w+\+? \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs" / "pairs.md").read_text(encoding="utf-8"))


def test_every_registered_pair_is_in_the_table_with_both_exporters() -> None:
    registered = [
        (model_type, feature, exporter)
        for model_type in FeaturesManager.model_types()
        for feature in FeaturesManager.features_of(model_type)
        for exporter in EXPORTERS
    ]
    assert sorted((model_type, feature, exporter) for model_type, feature, exporter, _ in ROWS) == sorted(registered), (
        "run python benchmarks/pairs.py --only with the model types that changed"
    )


def test_every_pair_passed() -> None:
    assert [row for row in ROWS if row[3] != "passed"] == []
