"""Whole reports, rendered of verdicts that real checks wrote (tests/golden/regenerate.py makes and documents them)."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest

from support.environments import ROOT
from support.markdown import see

if TYPE_CHECKING:
    from types import ModuleType

GOLDEN = ROOT / "tests" / "golden"


def _regenerate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("regenerate", GOLDEN / "regenerate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


regenerate = _regenerate()


@pytest.mark.parametrize("name", regenerate.PULL_REQUESTS)
def test_a_report_reads_as_it_did(name: str) -> None:
    for file, text in regenerate.reports(name).items():
        assert text == (GOLDEN / file).read_text(encoding="utf-8"), f"run python {GOLDEN / 'regenerate.py'}, look at it"


@pytest.mark.parametrize(
    ("name", "headline"),
    [
        ("complete", "### ✅ 8 of 8 exports verified"),
        ("diverging", "### ❌ 0 of 6 exports verified"),
        ("incomplete", "### ❌ No export verified"),
    ],
)
def test_its_headline_and_its_tags(name: str, headline: str) -> None:
    text = regenerate.reports(name)[f"{name}.comment.md"]

    assert text.splitlines()[1] == headline
    assert see(text).unbalanced == []


def test_every_golden_file_belongs_to_a_verdict() -> None:
    expected = {f"{name}.{kind}" for name in regenerate.PULL_REQUESTS for kind in ("json", "comment.md", "summary.md")}

    assert {file.name for file in GOLDEN.iterdir() if file.is_file()} == expected | {"regenerate.py"}
