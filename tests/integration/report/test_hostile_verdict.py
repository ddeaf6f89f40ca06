"""A verdict from a job that ran hostile code: whatever stands in any of its texts, what we make of it is harmless.

The fields are found in the schema, so a new one is in these tests by itself. Two renderers read the Markdown; mentions
and references, which renderers leave to GitHub, are looked for in what they show as text.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from support.markdown import ZERO_WIDTH, Seen, see, see_by_marked
from support.schema_walk import full, text_fields, with_text
from support.verdicts import HOSTILE
from transformers_export.cli.printing import lines
from transformers_export.github.commands import annotate
from transformers_export.report.annotations import remarks
from transformers_export.report.render import (
    COMMENT_LIMIT,
    MARKER,
    SUMMARY_LIMIT,
    Links,
    comment,
    comment_length,
    summary,
    unfinished,
)
from transformers_export.verdict.schema import MAX_BYTES, VerdictError, decode

if TYPE_CHECKING:
    from transformers_export.verdict.types import Verdict

SERVER = "https://github.com"
LINKS = Links(SERVER, "acme/models", "b" * 40, f"{SERVER}/acme/models/actions/runs/42")
TAGS = {
    *("h3", "h4", "p", "strong", "ul", "li", "br", "a", "code", "pre", "sub", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
REFERENCE = re.compile(r"@[A-Za-z0-9]|#\d|\bGH-\d|://|\bwww\.|:[a-z0-9_+\-]+:", re.IGNORECASE)
OURS = {"\n", ZERO_WIDTH, "\u00a0"}
"""What a report has of unprintable characters."""
POSSIBLE = [text for text in HOSTILE if "\ud800" not in text]
"""Half a character cannot stand in JSON: see what is refused."""
EVERYTHING = " ".join(POSSIBLE)


def read(made: dict[str, Any]) -> Verdict:
    return decode(json.dumps(made, ensure_ascii=False).encode())


def pages(of: Verdict) -> dict[str, str]:
    return {
        "comment": comment(of, LINKS),
        "summary": summary(of, LINKS),
        "unfinished": unfinished(of.isolation, LINKS),
    }


@cache
def texts() -> list[tuple[str, str]]:
    """All reports there are to look at: each field by itself with everything at once, all fields with each text."""
    example = full()
    verdicts = {f"{'.'.join(path)}": with_text(example, EVERYTHING, path) for path in text_fields()}
    verdicts |= {repr(text): with_text(example, text) for text in POSSIBLE}
    return [(f"{name}: {kind}", text) for name, made in verdicts.items() for kind, text in pages(read(made)).items()]


def assert_harmless(name: str, text: str, seen: Seen) -> None:
    assert set(seen.tags) <= TAGS, name
    assert seen.unbalanced == [], name
    assert [f"<!--{inner}-->" for inner in seen.comments] == ([] if name.endswith("summary") else [MARKER]), name
    assert all(link.startswith(f"{SERVER}/acme/models/") for link in seen.links), name
    assert not REFERENCE.search(seen.prose), (name, REFERENCE.search(seen.prose))
    hidden = {character for character in text if not character.isprintable()} - OURS
    assert not hidden, (name, hidden)


def test_the_walk_finds_the_fields_there_are() -> None:
    found = {".".join(path) for path in text_fields()}
    assert {"tool.name", "base", "versions.{key}", "versions.{}", "isolation", "findings.[].path"} <= found
    assert {
        "cases.[].error.frames.[]",
        "cases.[].checks.[].detail",
        "cases.[].warnings.[]",
        "not_checked.[].why",
    } <= found
    assert "cases.[].outcome" not in found
    example = read(full())
    assert {case.outcome for case in example.cases} == {"passed", "failed", "expected-failure", "undecided"}
    assert {finding.status for finding in example.findings} == {"new", "standing", "fixed"}


def test_every_text_of_a_verdict_is_harmless_to_markdown_it() -> None:
    for name, text in texts():
        assert_harmless(name, text, see(text))


def test_every_text_of_a_verdict_is_harmless_to_marked() -> None:
    for (name, text), seen in zip(texts(), see_by_marked([text for _, text in texts()]), strict=True):
        assert_harmless(name, text, seen)


def test_the_second_renderer_would_see_what_is_not_escaped() -> None:
    (seen,) = see_by_marked([f"<b>x</b> [y](https://evil.example) {MARKER}\n\n| a |\n|---|\n| @octocat |"])
    assert {"b", "a", "table"} <= set(seen.tags)
    with pytest.raises(AssertionError):
        assert_harmless("planted", "x", seen)


def test_annotations_are_one_command_each_and_obey_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    for path in text_fields():
        of = read(with_text(full(), EVERYTHING, path))
        annotate(remarks(of))
        for line in capsys.readouterr().out.splitlines():
            assert re.match(r"::(error|warning|notice) title=[^,:]*(,[a-zA-Z]+=[^,:]*)*::", line), line
            assert line.isprintable(), line


def test_the_terminal_obeys_nothing_either() -> None:
    shown = "\n".join(lines(read(with_text(full(), EVERYTHING))))
    assert {character for character in shown if not character.isprintable()} <= {"\n"}


BIGGEST = ("\u202e" * 20_000, "&" * 60_000, "\U0010ffff" * 15_000, "`" * 60_000, "word " * 12_000, "|\n" * 30_000)


@pytest.mark.parametrize("text", BIGGEST, ids=lambda text: ascii(text[:2]))
def test_every_field_at_its_worst_fits(text: str) -> None:
    of = read(with_text(full(2), text))
    fits(of)


@pytest.mark.parametrize("path", text_fields(), ids=".".join)
def test_one_field_of_half_a_megabyte_fits(path: tuple[str, ...]) -> None:
    fits(read(with_text(full(), "<&\u202e@" * 2**17, path)))


def test_ten_megabytes_in_one_field_fit_and_more_than_the_bound_is_refused_unread() -> None:
    fits(read(with_text(full(), "x" * 10 * 2**20, ("isolation",))))
    with pytest.raises(VerdictError, match="at most"):
        decode(b" " * (MAX_BYTES + 1))


@pytest.mark.parametrize("count", [200, 2000])
@pytest.mark.parametrize("text", ["bert", "<&\u202e@|`" * 20], ids=["plain", "hostile"])
def test_many_cases_are_shortened_in_steps_and_counted(count: int, text: str) -> None:
    of = read(with_text(full(count // 4), text))
    assert len(of.cases) == count
    for made in fits(of):
        shown = sum(line.startswith(("| ❌", "| ✅", "| ❔", "| ⚪")) for line in made.splitlines())
        left = [int(n.replace(",", "")) for n in re.findall(r"(?:… and )?([\d,]+) (?:more )?exports(?::|,)", made)]
        assert shown > 0
        assert shown + sum(left[:2]) >= count, "what is not shown is counted"
        assert made.index("❌ |") < made.index("✅ |") if "✅ |" in made else True


def fits(of: Verdict) -> tuple[str, str]:
    """Both reports are within their limits, whole, and no line of a table is cut."""
    short, long = comment(of, LINKS), summary(of, LINKS)
    assert comment_length(short) < COMMENT_LIMIT
    assert len(short.encode()) < 4 * COMMENT_LIMIT
    assert len(long.encode()) < SUMMARY_LIMIT
    for made in (short, long):
        assert made.count("<details>") == made.count("</details>")
        assert made.count("<summary>") == made.count("</summary>")
        assert made.count("\n```") % 2 == 0
        assert made.rstrip().endswith("</sub>")
    return short, long


@pytest.mark.parametrize(
    "data",
    [
        b'{"schema_version": 1, "versions": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
        b"[" * 1_000_000,
        b'{"schema_version": 1e400}',
        b'{"schema_version": 1, "tool": {"name": "\xff"}}',
        b'{"schema_version": 1, "isolation": "\\ud800"}',
        b"\x00" * 100,
        b"",
    ],
    ids=["deep", "open", "infinite", "not UTF-8", "half a character", "null bytes", "empty"],
)
def test_what_is_no_verdict_is_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(VerdictError) as refused:
        decode(data)
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("number", [2**53 + 1, -(2**60), 10**400], ids=["2^53", "-2^60", "10^400"])
@pytest.mark.parametrize("name", ["bytes", "nodes", "opset", "peak_bytes"])
def test_numbers_nothing_has_are_refused(name: str, number: int) -> None:
    made = full()
    made["cases"][0][name] = number
    with pytest.raises(VerdictError):
        read(made)
