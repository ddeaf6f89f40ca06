"""docs/pairs.md says of every registered pair what became of it with each exporter."""

from __future__ import annotations

import re

from support.architectures import FIRST
from support.repositories import ROOT
from transformers_export.onnx.exporters import EXPORTERS
from transformers_export.onnx.features import FeaturesManager

ROW = re.compile(r"^\| `([\w-]+)` \| ([\w-]+) \| (\w+) \| (.*?) \| [^|]* \| [\d.]+ \| \w+\+? \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs" / "pairs.md").read_text(encoding="utf-8"))


def test_every_registered_pair_is_in_the_table_with_every_exporter_it_was_run_with() -> None:
    """The first architectures with both; of the others the table leaves out what dynamo has not exported yet."""
    table = {(model_type, feature, exporter) for model_type, feature, exporter, _ in ROWS}
    assert len(table) == len(ROWS)
    pairs = [(kind, feature) for kind in FeaturesManager.model_types() for feature in FeaturesManager.features_of(kind)]
    due = {(*pair, "legacy") for pair in pairs} | {(*pair, "dynamo") for pair in pairs if pair[0] in FIRST}
    assert sorted(due - table) == [], "run python benchmarks/pairs.py --only with the model types that changed"
    assert table <= {(*pair, exporter) for pair in pairs for exporter in EXPORTERS}


def test_every_pair_passed() -> None:
    assert [row for row in ROWS if row[3] != "passed"] == []
