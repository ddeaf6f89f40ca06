"""docs/pairs.md says of every registered pair what became of it with each exporter."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from transformers.models.auto import modeling_auto
from transformers.models.auto.configuration_auto import CONFIG_MAPPING, CONFIG_MAPPING_NAMES

from support.architectures import FIRST, SETTINGS, reason_to_fail
from support.repositories import ROOT
from transformers_export.onnx.exporters import EXPORTERS
from transformers_export.onnx.features import FeaturesManager

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROW = re.compile(r"^\| `([\w-]+)` \| ([\w-]+) \| (\w+) \| (.*?) \| [^|]* \| [\d.]+ \| \w+\+? \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs" / "pairs.md").read_text(encoding="utf-8"))
PAIRS = [(kind, feature) for kind in FeaturesManager.model_types() for feature in FeaturesManager.features_of(kind)]

OF_TRANSFORMERS_4 = ("pairs-transformers-4.48.md", "pairs-transformers-4.57.md")

MOST_FAILING = 3
"""Expected failures in a hundred rows."""
UPSTREAM = re.compile(r"\b(torch|transformers|onnx|onnxruntime|onnxscript) \d+\.\d+")
"""What a reason for one must name: whose fault it is, and since when we know."""


def due(pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str, str]]:
    """The rows that the table must have."""
    return {(*pair, exporter) for pair in pairs for exporter in EXPORTERS}


def test_every_registered_pair_is_in_the_table_with_both_exporters() -> None:
    table = {(model_type, feature, exporter) for model_type, feature, exporter, _ in ROWS}
    assert len(table) == len(ROWS)
    assert table == due(PAIRS), "run python benchmarks/pairs.py --only with the model types that changed"


def test_a_pair_that_is_registered_and_not_in_the_table_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "PAIRS", [*PAIRS, ("bert", "speech2seq-lm")])
    with pytest.raises(AssertionError, match="run python benchmarks"):
        test_every_registered_pair_is_in_the_table_with_both_exporters()


def test_every_pair_passed_or_fails_as_expected() -> None:
    for model_type, feature, exporter, result in ROWS:
        reason = reason_to_fail(model_type, feature, exporter)
        assert result.startswith("expected-failure") if reason else result == "passed", (model_type, feature, exporter)


@pytest.mark.parametrize("name", OF_TRANSFORMERS_4)
def test_every_pair_of_the_first_architectures_passed_with_transformers_4(name: str) -> None:
    rows = ROW.findall((ROOT / "docs" / name).read_text(encoding="utf-8"))
    passed = {(kind, feature) for kind, feature, exporter, result in rows if (exporter, result) == ("legacy", "passed")}
    assert {pair for pair in PAIRS if pair[0] in FIRST} - passed == set()
    assert [row for row in rows if row[0] in FIRST and row[3] != "passed"] == []


def test_failures_are_expected_of_few_pairs_and_none_of_the_first() -> None:
    expected = [row for row in ROWS if reason_to_fail(*row[:3])]
    assert len(expected) * 100 <= MOST_FAILING * len(ROWS)
    assert [row for row in expected if row[0] in FIRST] == []
    assert [reason for reason in SETTINGS.expected_failures.values() if not UPSTREAM.search(reason)] == []


def counted(rows: Iterable[tuple[str, str, str, str]]) -> list[str]:
    """Model types with a model type and a modeling class of their own, and a pair that passes both exporters."""
    passed = Counter((kind, feature) for kind, feature, _, result in rows if result == "passed")
    names = {name.replace("_", "-"): name for name in CONFIG_MAPPING_NAMES}
    both = {kind for (kind, _), exporters in passed.items() if exporters == len(EXPORTERS)}
    return sorted(kind for kind in both if _has_its_own(names[kind]))


def _has_its_own(name: str) -> bool:
    """Tell whether a key of transformers is no alias of another and no part of another's configuration."""
    config_class = CONFIG_MAPPING[name]
    if config_class.model_type != name or _is_a_part(config_class):
        return False
    return any(_is_alone(name, table) for table in _tables())


def _is_a_part(config_class: type) -> bool:
    """Tell whether another configuration of the same module holds this one."""
    others = vars(__import__(config_class.__module__, fromlist=["*"])).values()
    held = [getattr(other, "sub_configs", None) or {} for other in others if isinstance(other, type)]
    return any(config_class in parts.values() for parts in held)


def _tables() -> list[Mapping[str, Any]]:
    return [table for key, table in vars(modeling_auto).items() if key.endswith("MAPPING_NAMES")]


def _is_alone(name: str, table: Mapping[str, Any]) -> bool:
    """Tell whether a table of Auto classes leads from a key to a class that no other key leads to."""
    return name in table and list(table.values()).count(table[name]) == 1


def test_at_least_150_model_types_of_their_own_pass_with_both_exporters() -> None:
    assert len(counted(ROWS)) >= 150


def test_what_is_an_alias_or_a_part_or_passes_once_is_not_counted() -> None:
    both = [
        (kind, "default", exporter, "passed")
        for kind in ("bert", "clip", "clip-vision-model")
        for exporter in EXPORTERS
    ]
    once = [("albert", "default", "legacy", "passed"), ("albert", "default", "dynamo", "failed: values")]
    elsewhere = [("vit", "default", "legacy", "passed"), ("vit", "masked-im", "dynamo", "passed")]
    assert counted([*both, *once, *elsewhere]) == ["bert", "clip"]
