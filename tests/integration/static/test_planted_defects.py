"""One defect for each rule in each layout it applies to, planted in real sources, and changes that only look like it.

What is planted is in `support/defects/`, one file a layout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support import layouts
from support.defects import NOT_APPLICABLE, PLANTED
from support.defects.transformers_4 import MASK, VIT
from support.overlay import Ground
from support.repositories import DISTILBERT
from transformers_export.rules import catalog

if TYPE_CHECKING:
    from support.repositories import Repository

CELLS = [(layout, rule) for layout, defects in PLANTED.items() for rule in defects]


@pytest.fixture(scope="module")
def grounds(transformers_4_repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ground]:
    """A repository in each layout."""
    folder, transformers = tmp_path_factory.mktemp("layouts"), transformers_4_repository.root
    return {
        "transformers-4": Ground(transformers, "main"),
        "package": Ground(layouts.package(folder / "zoo", transformers), "main"),
        "remote-code": Ground(layouts.hub(folder / "hub", transformers), "main"),
    }


@pytest.fixture
def ground(grounds: dict[str, Ground]) -> Ground:
    return grounds["transformers-4"]


@pytest.mark.parametrize(("layout", "rule"), CELLS)
def test_a_planted_defect_is_found(grounds: dict[str, Ground], layout: str, rule: str) -> None:
    edits, subject, _ = PLANTED[layout][rule]
    ground = grounds[layout]
    result = ground.check(ground.edited(edits))
    assert result.project.layout == layout
    found = [item for item in result.findings if (item.status, item.rule, item.subject) == ("new", rule, subject)]
    assert len(found) == 1, result.said
    line = (result.head.tree.read(found[0].path) or b"").decode().splitlines()[found[0].line - 1]
    assert line.strip()
    assert found[0].hint


@pytest.mark.parametrize(("layout", "rule"), CELLS)
def test_what_only_looks_like_it_is_not(grounds: dict[str, Ground], layout: str, rule: str) -> None:
    _, _, edits = PLANTED[layout][rule]
    ground = grounds[layout]
    result = ground.check(ground.edited(edits))
    assert [item for item in result.findings if item.status == "new" and item.severity == "error"] == []
    assert rule not in {item.rule for item in result.findings if item.status == "new"}
    assert [item for item in result.not_checked if item.blocking] == []


@pytest.mark.parametrize("layout", ["package", "remote-code"])
def test_the_grounds_themselves_are_clean(grounds: dict[str, Ground], layout: str) -> None:
    ground = grounds[layout]
    path = next(path for path in ground.tree.paths() if "configuration_" in path)
    result = ground.check({path: (ground.tree.read(path) or b"") + b"\n# touched\n"})
    assert result.said == []
    assert result.not_checked == ()
    assert len(result.head.registry.entries) == (3 if layout == "package" else 1)


def test_every_rule_has_its_defect_and_its_near_miss_in_every_layout() -> None:
    """A rule without one fails here until it has both, or a reason why it has nothing to find there."""
    cells = {(rule, layout) for rule in catalog.PAGES for layout in PLANTED}
    planted = {(rule, layout) for layout, rule in CELLS}
    assert planted.isdisjoint(NOT_APPLICABLE)
    assert planted | set(NOT_APPLICABLE) == cells
    assert all(NOT_APPLICABLE.values())


def test_a_deleted_configuration_leaves_its_entry_behind(ground: Ground) -> None:
    """The package still imports `*` from it, which could hide a class only where the file is."""
    result = ground.check({VIT: None})
    assert ("new", "registry-class-unknown", "vit") in result.said
    moved = {VIT: None, VIT.replace("_vit.py", "_vitt.py"): ground.tree.read(VIT)}  # define_import_structure finds it
    compiled = {VIT: None, VIT.replace("_vit.py", "_vit.pyx"): b""}
    for files in (moved, compiled):
        assert [item for item in ground.check(files).said if item[0] == "new"] == []


def test_a_comment_ignores_a_rule_on_its_line_and_is_reported_once_it_is_of_no_use(ground: Ground) -> None:
    comment = "  # transformers-export: ignore[input-not-in-forward] a fork's model"
    defect = f'("attention_masks", dynamic_axis),{comment}'
    result = ground.check(ground.edited({DISTILBERT: [(MASK, defect)]}))
    assert result.said == []
    assert [(item.what, item.why) for item in result.not_checked] == [
        (f"input-not-in-forward of DistilBertOnnxConfig.attention_masks in {DISTILBERT}", "ignored: a fork's model")
    ]
    result = ground.check(ground.edited({DISTILBERT: [(MASK, MASK + comment)]}))
    assert result.said == [("new", "unused-ignore", "input-not-in-forward")]
    assert result.findings[0].severity == "advice"
    result = ground.check(ground.edited({DISTILBERT: [(MASK, MASK + comment.replace("forward", "backward"))]}))
    assert result.said == [("new", "unused-ignore", "input-not-in-backward")]
    quoted = ground.check(
        ground.edited(
            {DISTILBERT: [("class DistilBertOnnxConfig", f'TEXT = """{comment}"""\n\n\nclass DistilBertOnnxConfig')]}
        )
    )
    assert quoted.said == []
