"""How figures are written."""

from __future__ import annotations

import pytest

from transformers_export.report import figures


def plain(text: str) -> str:
    """With spaces and hyphens that break."""
    return text.replace("\u00a0", " ").replace("\u2011", "-")


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (None, "–"),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (2_100_000_000, "2.1 GB"),
        (10**13, "10000.0 GB"),
    ],
)
def test_size(count: int | None, expected: str) -> None:
    assert plain(figures.size(count)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "–"),
        (0.0, "0"),
        (1.0, "1"),
        (8.34e-7, "8.3e-7"),
        (1e-12, "1e-12"),
        (0.05, "0.05"),
        (31.4, "31"),
        (1648.1, "1,648"),
        (3e9, "3e+09"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
    ],
)
def test_number(value: float | None, expected: str) -> None:
    assert plain(figures.number(value)) == expected


def test_difference() -> None:
    assert plain(figures.difference(1.5e-6, 1e-5)) == "1.5e-6 of 1e-5"
    assert plain(figures.difference(1.5e-6, None)) == "1.5e-6"
    assert figures.difference(None, 1e-5) == "–"


def test_a_figure_in_a_table_is_never_broken() -> None:
    for text in (figures.size(1_400_000), figures.difference(1e-6, 1e-5)):
        assert " " not in text
        assert "-" not in text


@pytest.mark.parametrize(("value", "expected"), [(3.14, "3.1"), (99.96, "100"), (600.0, "600")])
def test_seconds(value: float, expected: str) -> None:
    assert figures.seconds(value) == expected


def test_a_long_path_keeps_its_end() -> None:
    assert figures.path("a" * 100 + "/configuration_fox.py", 22) == "…/configuration_fox.py"
    assert figures.path("src/fox.py") == "src/fox.py"
