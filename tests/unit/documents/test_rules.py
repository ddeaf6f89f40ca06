"""The pages of the rules and the README's table are what `python docs/rules.py` writes."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from support.repositories import ROOT
from transformers_export.rules import catalog


def generator() -> Any:
    spec = importlib.util.spec_from_file_location("docs_rules", ROOT / "docs" / "rules.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_rule_has_its_page_and_no_page_is_left_over() -> None:
    folder = ROOT / "docs" / "rules"
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")} == generator().pages()
    assert set(catalog.PAGES) == {*catalog.NAMES, "unused-ignore"}


def test_the_table_of_the_readme_is_written_from_the_rules() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert generator().with_table(readme) == readme


@pytest.mark.parametrize("rule", catalog.RULES, ids=lambda rule: rule.NAME)
def test_a_rule_lives_in_the_file_of_its_name_and_says_one_sentence_first(rule: catalog.Rule) -> None:
    assert rule.__name__.rpartition(".")[2] == rule.NAME.replace("-", "_")
    first = (rule.find.__doc__ or "").partition("\n\n")[0]
    assert first.rstrip().endswith(".")
    assert len(first) < 220
