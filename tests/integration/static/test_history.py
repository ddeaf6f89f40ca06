"""The static check on transformers as it was written between July 2021 and version 5, without importing it.

The trees are made from the real sources of 4.48.0 (`support/history.py`). Each is clean but for what stands in the
real tree too; each is full of findings once defects are planted in its own forms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.history import ERAS, Era, written
from support.overlay import Overlay
from support.planting import Text, nearly, plant
from support.static import Checked
from transformers_export.fixing import find_fixes
from transformers_export.project import open_project
from transformers_export.rules import catalog
from transformers_export.source.tree import revision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.repositories import Repository
    from transformers_export.source.modules import Parsed
    from transformers_export.source.tree import Tree

NOT_READ = {"convbert": "what forward() of ConvBertModel returns", "electra": "what forward() of ElectraModel returns"}


class Years:
    """The trees of all eras; what is parsed of one is not parsed again for the next."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.today = revision(repository.root, "main")
        self.parsed: Parsed = {}
        self._trees: dict[str, Tree] = {}

    def tree(self, era: Era) -> Tree:
        if era.name not in self._trees:
            self._trees[era.name] = Overlay(self.today, written(self.repository.root, era))
        return self._trees[era.name]

    def check(self, era: Era, files: Mapping[str, bytes | None] | None = None) -> Checked:
        """The whole tree of an era, or what a change to it makes new."""
        base = self.tree(era)
        tree = Overlay(base, files) if files is not None else base
        project = open_project(self.repository.root, tree, self.parsed)
        head = project.snapshot(tree)
        before = project.base_snapshot(base, head) if files is not None else None
        found = catalog.find_all(head, before, frozenset(files) if files is not None else None)
        return Checked(*found, project, head, before, None)


@pytest.fixture(scope="module")
def years(transformers_4_repository: Repository) -> Years:
    return Years(transformers_4_repository)


def errors(result: Checked) -> set[tuple[str, str]]:
    return {(item.rule, item.subject) for item in result.findings if item.severity == "error"}


@pytest.mark.parametrize("name", ERAS)
def test_a_clean_tree_has_only_what_the_real_one_has(years: Years, name: str) -> None:
    era = ERAS[name]
    result = years.check(era)
    today = years.check(ERAS["2025-01"])  # held against importing it by test_transformers_4.py
    if era.registry is None:
        expected = set()
    else:
        registered = {entry.key for entry in result.head.registry.entries}
        gone = {"unregistered", "not-exported"} if era.models else set()
        expected = {
            (rule, subject)
            for rule, subject in errors(today)
            if rule not in gone and ("/" not in subject or subject.partition("/")[0] in registered)
        }
        expected = {item for item in expected if era.tasks is None or item[0] in gone}
        assert registered == (era.models or {entry.key for entry in today.head.registry.entries})
    assert errors(result) == expected
    assert {item.rule for item in result.findings if item.severity == "advice"} <= {"missing-feature"}
    not_read = [why for key, why in NOT_READ.items() if result.head.registry.entry(key)]
    missing = ["no matrix"] if era.registry and not era.matrix else []
    assert all(item.why.startswith(tuple(not_read + missing)) for item in result.not_checked), result.not_checked
    assert len(result.not_checked) == len(not_read + missing)


@pytest.mark.parametrize("name", ERAS)
def test_where_an_era_has_its_parts(years: Years, name: str) -> None:
    era = ERAS[name]
    project = years.check(era).project
    assert project.layout == ("transformers-4" if era.registry else "transformers-5")
    assert (project.matrix, project.docs) == (era.matrix, era.docs)


@pytest.mark.parametrize("name", ERAS)
def test_planted_defects_are_found(years: Years, name: str) -> None:
    era = ERAS[name]
    text = Text(years.tree(era).read)
    expected = plant(text, era)
    result = years.check(era, {path: content.encode() for path, content in text.changed.items()})
    new = {(item.rule, item.subject) for item in result.findings if item.status == "new"}
    assert expected - new == set()
    assert [item for item in result.not_checked if item.blocking] == []
    for item in result.findings:
        lines = text.of(item.path).splitlines()
        assert lines[item.line - 1].strip()


@pytest.mark.parametrize("name", ERAS)
def test_what_only_looks_like_a_defect_is_left_alone(years: Years, name: str) -> None:
    era = ERAS[name]
    text = Text(years.tree(era).read)
    nearly(text, era)
    result = years.check(era, {path: content.encode() for path, content in text.changed.items()})
    assert [item for item in result.findings if item.status == "new"] == []
    assert [item for item in result.not_checked if item.blocking] == []


LEFT = {
    "2021-07": {("unregistered", "T5OnnxConfig"), ("no-matrix-entry", "bart")},
    "2022-01": {("unregistered", "T5OnnxConfig")},
}
"""T5's key has another class already; in July 2021 no table says by which class bart is loaded."""


@pytest.mark.parametrize("name", LEFT)
def test_planted_defects_are_mended_in_the_form_of_the_era(years: Years, name: str) -> None:
    era = ERAS[name]
    text = Text(years.tree(era).read)
    plant(text, era)
    files: dict[str, bytes | None] = {path: content.encode() for path, content in text.changed.items()}
    found = years.check(era, files)
    fixes = find_fixes(found.project, found.head, found.base, frozenset(files))
    files.update(fixes.files)
    after = years.check(era, files)
    new = {(item.rule, item.subject) for item in after.findings if item.status == "new"}
    assert {item for item in new if item[0] in catalog.FIXES} == LEFT[name]
    assert "past-without-cache" not in {rule for rule, subject in new if subject == "longformer"}
    assert len(fixes.what) >= 8
    assert find_fixes(after.project, after.head, after.base, frozenset(files)).files == {}


def test_every_rule_is_planted_in_some_era(years: Years) -> None:
    planted = {rule for era in ERAS.values() for rule, _ in plant(Text(years.tree(era).read), era)}
    applies = {rule.NAME for rule in catalog.RULES if not rule.NAME.startswith("auto-map")}
    assert planted == {*applies, "unused-ignore"}
