"""The chart of a difference that grows: numbers only, whatever the names of the modules."""

from __future__ import annotations

import pytest

from transformers_export.report.escape import chart, documentation
from transformers_export.report.growth import MOST, bars
from transformers_export.report.growth import chart as lines
from transformers_export.verdict.types import Divergence


def step(share: float | None, module: str = "layer") -> Divergence:
    return Divergence(module, "Layer", share and share * 1e-5, share)


def test_the_chart_has_a_bar_a_module_and_a_line_at_the_tolerance():
    made = lines([step(0.01), step(0.1), step(100.0), step(None)])
    assert made[0] == "xychart-beta"
    assert "    x-axis [1, 2, 3, 4]" in made
    assert "    bar [-2.00, -1.00, 2.00, 8.00]" in made
    assert made[-1] == "    line [0, 0, 0, 0]"
    assert str(chart(made)).startswith("```mermaid\nxychart-beta\n")


def test_no_name_reaches_the_chart():
    hostile = '"]\n```\n<script>'
    assert lines([step(1.0, hostile), step(2.0, hostile)]) == lines([step(1.0), step(2.0)])
    with pytest.raises(ValueError, match="a chart of numbers"):
        chart(["xychart-beta", f'    title "{hostile}"'])


def test_one_module_is_no_chart_and_many_are_cut():
    assert lines([step(1.0)]) == ()
    assert len(bars([step(1.0)] * 100, str)) == MOST


@pytest.mark.parametrize(
    "url", ["https://evil.example/x", "https://docs.pytorch.org.evil.example/", "https://docs.pytorch.org/a)b", "", "x"]
)
def test_only_pages_of_documentation_are_linked(url):
    assert documentation(url) is None
