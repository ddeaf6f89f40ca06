"""Untrusted text, whatever it holds, is read as itself: no tag, link, mention or structure comes of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.markdown import ZERO_WIDTH, Seen, see
from support.verdicts import HOSTILE, texts
from transformers_export.report.escape import address, block, code, diff, finalize, html, html_code, prose, visible

if TYPE_CHECKING:
    from collections.abc import Callable


def each_fragment(test: Callable[..., None]) -> Callable[..., None]:
    """Run a property on every hostile fragment too, inside words and alone, whatever hypothesis draws."""
    for fragment in HOSTILE:
        for text in (fragment, f"a{fragment}b c{fragment}"):
            test = example(text)(test)
    return test


MENTION = re.compile(r"@[A-Za-z0-9]|#\d|\bGH-\d|://|\bwww\.|:[a-z0-9_+\-]+:", re.IGNORECASE)


def assert_only(seen: Seen, tags: set[str]) -> None:
    assert set(seen.tags) <= tags
    assert (seen.links, seen.comments, seen.unbalanced) == ([], [], [])
    assert not MENTION.search(seen.prose), seen.prose


def read(text: str) -> str:
    """What is left to read of a text set as prose: backticks in pairs are marks, runs of spaces are one."""
    return "".join(re.sub(r"`([^`\n]+)`", r"\1", visible(text).strip()).split())


@each_fragment
@given(texts())
def test_prose_in_a_paragraph(text: str) -> None:
    seen = see(f"before {prose(text)} after")

    assert_only(seen, {"p", "code"})
    everything = see(f"{prose(text)}x")
    assert sorted("".join((everything.text + everything.code).split())) == sorted(read(text) + "x")


@each_fragment
@given(texts())
def test_prose_at_the_start_of_a_list_item(text: str) -> None:
    assert_only(see(f"- {prose(text)}\n- x"), {"ul", "li", "p", "code"})


@each_fragment
@given(texts())
def test_a_table_keeps_its_cells(text: str) -> None:
    seen = see(f"| a | b |\n|--|--|\n| {prose(text)} | x{code(text)}y |\n")

    assert_only(seen, {"table", "thead", "tbody", "tr", "th", "td", "code"})
    assert (seen.tags["tr"], seen.tags["td"]) == (2, 2)
    everything = "".join((seen.text + seen.code).split())
    assert sorted(everything) == sorted("abxy" + read(text) + "".join(visible(text).split()))


@each_fragment
@given(texts())
def test_code_is_literal(text: str) -> None:
    seen = see(f"x {code(text)} x")

    assert_only(seen, {"p", "code"})
    assert seen.code.split() == visible(text).split()


@each_fragment
@given(texts())
def test_html_inside_a_summary(text: str) -> None:
    seen = see(f"<details><summary>{html_code(text)} {html(text)}</summary>\n\nbody\n\n</details>\n")

    assert_only(seen, {"details", "summary", "code", "p"})
    assert seen.tags["details"] == 1
    assert seen.text.split() == [*visible(text).split(), "body"]


@each_fragment
@given(texts())
def test_a_block_ends_where_we_end_it(text: str) -> None:
    seen = see(f"<details>\n\n{block(text)}\n\n</details>\n")

    assert_only(seen, {"details", "pre", "code"})
    assert seen.code.strip("\n") == visible(text, lines=True).strip("\n")


@each_fragment
@given(texts())
def test_a_diff_ends_where_we_end_it_and_keeps_its_tabs(text: str) -> None:
    written = f"+a\tb\n {text}"
    seen = see(f"<details>\n\n{diff(written)}\n\n</details>\n")

    assert_only(seen, {"details", "pre", "code"})
    assert seen.code.startswith("+a\tb\n ")
    assert seen.code.replace("\t", "    ").strip() == visible(written, lines=True).strip()


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_template_forgets_to_escape_is_prose(text: str) -> None:
    assert finalize(text) == prose(text)


def test_identifiers_stay_legible() -> None:
    assert prose("`FoxConfig` misses past_key_values, see src/fox.py") == (
        "`FoxConfig` misses past_key_values, see src/fox.py"
    )


def test_unseen_characters_are_shown_by_number() -> None:
    assert visible("a\u202eb\x1b[31m\u200b\ud800\r\nc") == r"a\u202eb\u001b[31m\u200b\ud800 c"


@given(st.text())
def test_what_is_visible_can_always_be_written(text: str) -> None:
    assert ZERO_WIDTH not in visible(text)
    visible(text).encode()


def test_an_address_quotes_every_part() -> None:
    found = address("https://github.com", "acme/models", "blob", "a" * 40, "src/a b(c)[d]#?%.py", line=3)

    assert found == f"https://github.com/acme/models/blob/{'a' * 40}/src/a%20b%28c%29%5Bd%5D%23%3F%25.py#L3"


@pytest.mark.parametrize(
    ("server", "path"),
    [
        ("https://github.com", "../../evil/models"),
        ("https://github.com", "src//fox.py"),
        ("https://github.com", "./fox.py"),
        ("https://github.com", "src/\ud800.py"),
        ("https://github.com", "src/\u202efox.py"),
        ("https://github.com", ""),
        ("javascript:alert(1)", "fox.py"),
        ("https://github.com/evil", "fox.py"),
        ("https://user@evil.example", "fox.py"),
    ],
)
def test_a_path_that_climbs_and_a_server_that_is_none_give_no_address(server: str, path: str) -> None:
    assert address(server, "acme/models", "blob", path) is None
