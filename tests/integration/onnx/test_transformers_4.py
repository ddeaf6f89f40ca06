"""The exporter with transformers 4.48.0 and the newest 4.x: our configurations, and their own taken as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.matrix import exported

if TYPE_CHECKING:
    from pathlib import Path

MODELS = ("bart", "bert", "distilbert", "gpt2", "t5", "vit")
PAIRS = {"transformers_export": 38, "transformers": 33}
"""Ours have heads that the registry of 4.48 left out."""


@pytest.mark.parametrize(
    ("registry", "home"),
    [("transformers_export", "transformers_export.models"), ("transformers", "transformers.models")],
)
@pytest.mark.parametrize("interpreter", ["python_4", "python_newest_4"])
def test_every_feature_exports_with_the_legacy_exporter(
    interpreter: str, registry: str, home: str, request: pytest.FixtureRequest
) -> None:
    """One architecture of each shape; all of them are in docs/pairs-transformers-4.*.md."""
    cases = exported(request.getfixturevalue(interpreter), registry, "legacy", *MODELS)
    assert [case for case in cases if case["failed"]] == []
    assert len(cases) == PAIRS[registry]
    assert all(case["class"].startswith(home) for case in cases)


def test_dynamo_exports_with_torch_alone(python_4: Path) -> None:
    """All but two: torch cannot translate how 4.48 finds the last token of a row. transformers 5 brings a patch."""
    cases = exported(python_4, "transformers_export", "dynamo", "distilbert", "gpt2", "t5")
    failed = {(case["model_type"], case["feature"]) for case in cases if case["failed"]}
    assert failed == {("gpt2", "sequence-classification"), ("t5", "sequence-classification")}
    assert len(cases) == 6 + 7 + 7
