"""What is said of a change in figures: what is exact always, what is noisy only where it is far away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from transformers_export.report import comparison
from transformers_export.report.render import comment, summary
from transformers_export.verdict.types import Baseline, Before, CaseResult, Tool, Verdict

CASE = CaseResult(
    *("heron", "default", "onnx", "legacy", "passed"),
    max_difference=2e-6,
    tolerance=1e-5,
    opset=18,
    nodes=300,
    bytes=100_000,
    seconds=3.0,
)
SAME = Before("passed", 2e-6, 18, 300, 100_000, 3.0)


def with_before(**changes) -> CaseResult:
    return replace(CASE, before=replace(SAME, **changes))


@pytest.mark.parametrize(
    ("cell", "before", "shown"),
    [
        (comparison.nodes, {}, "300"),
        (comparison.nodes, {"nodes": 288}, "300 (+12)"),
        (comparison.nodes, {"nodes": 1300}, "300 (-1,000)"),
        (comparison.nodes, {"nodes": None}, "300"),
        (comparison.size, {"bytes": 99_500}, "100.0\u00a0kB"),
        (comparison.size, {"bytes": 80_000}, "100.0\u00a0kB (+25%)"),
        (comparison.size, {"bytes": 0}, "100.0\u00a0kB"),
        (comparison.opset, {"opset": 17}, "18 (was 17)"),
        (comparison.difference, {"max_difference": 5e-6}, "2e\u20116\u00a0of\u00a01e\u20115"),
        (comparison.difference, {"max_difference": 1e-7}, "2e\u20116\u00a0of\u00a01e\u20115 (was 1e\u20117)"),
        (comparison.seconds, {"seconds": 1.0}, "3.0"),
        (comparison.seconds, {"seconds": 7.9}, "3.0"),
        (comparison.seconds, {"seconds": 60.0}, "3.0 (was 60.0)"),
        (comparison.seconds, {"seconds": 0.0}, "3.0"),
    ],
)
def test_a_cell_says_what_changed(cell, before, shown):
    assert cell(with_before(**before)) == shown
    assert "(" not in cell(CASE)


def test_a_cached_export_says_so_in_place_of_a_time():
    assert comparison.seconds(replace(with_before(seconds=60.0), cached=True)) == "cached"


def verdict(*cases: CaseResult, **facts) -> Verdict:
    return Verdict(Tool("t", "1"), "success", base="b" * 40, cases=cases, **{"baseline": Baseline("b" * 40), **facts})


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (verdict(CASE, baseline=None), ""),
        (verdict(CASE), "has none of these exports"),
        (verdict(with_before()), "verdict of `bbbbbbb`: no figure changed."),
        (verdict(with_before(nodes=1), CASE), "1 export changed, 1 export new."),
        (verdict(with_before(outcome="failed")), "1 did not pass there."),
        (verdict(replace(with_before(), outcome="failed")), "1 passed there."),
        (verdict(with_before(), baseline=Baseline("c" * 40)), "(not the base of this change)"),
        (
            verdict(with_before(), baseline=Baseline(None, {"torch": "2.12.0"}), versions={"torch": "2.13.0"}),
            "verdict (there with torch 2.12.0):",
        ),
    ],
)
def test_one_sentence_says_what_came_of_it(told, said):
    assert said in comparison.compared(told) if said else comparison.compared(told) == ""


def test_the_reports_show_it():
    told = verdict(with_before(nodes=288), replace(CASE, cached=True))
    for text in (comment(told, None), summary(told, None)):
        assert "| 300 (+12) |" in text
        assert "| cached |" in text
        assert "**1 cached**" in text
        assert "Compared with the earlier verdict of `bbbbbbb`: 1 export changed, 1 export new." in text
