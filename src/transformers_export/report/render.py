"""A verdict as Markdown: the comment on the pull request and the job summary.

Works from the verdict alone, so any job can render it again. What is shown is decided in `view.py`, the words are in
the templates, escaping is in `escape.py`; here is only how they come together and how a report keeps to its length.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from transformers_export.report.escape import FILTERS, finalize
from transformers_export.report.figures import counted, path
from transformers_export.report.links import Links
from transformers_export.report.shown import Limits, weight
from transformers_export.report.view import page

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.abc import Traversable

    from transformers_export.verdict.types import Verdict

__all__ = ["COMMENT_LIMIT", "MARKER", "SUMMARY_LIMIT", "Links", "comment", "summary", "unfinished", "worth_a_comment"]

MARKER = "<!-- export-action: report -->"
"""First line of our comment. Text from a pull request cannot forge it: `<` is always escaped."""

_MARKUP = Markup(MARKER)  # noqa: S704  our own constant

_HIDDEN = re.compile(r"<!-- [\w :=-]{1,400} -->")

COMMENT_LIMIT = 65_536
"""A comment has fewer characters than this; GitHub refuses it otherwise."""

SUMMARY_LIMIT = 1024 * 1024
"""A job summary has fewer bytes than this: GitHub drops all of one that is larger ("1MiB", its docs say)."""

_COMMENT_STEPS = (
    Limits(rows=300, failures=50, findings=50, notes=50, frames=12, text=2000, diff=20_000),
    Limits(rows=300, failures=30, findings=50, notes=30, frames=4, text=600, diff=12_000),
    Limits(rows=250, failures=15, findings=30, notes=15, frames=2, text=240, diff=6_000),
    Limits(rows=150, failures=0, findings=20, notes=8, frames=0, text=120, diff=3_000),
    Limits(rows=50, failures=0, findings=10, notes=4, frames=0, text=80),
    Limits(rows=15, failures=0, findings=4, notes=2, frames=0, text=40),
)
"""Tried in order: first fewer details, then fewer rows. The last one fits whatever the verdict holds."""

_SUMMARY_STEPS = (
    Limits(
        rows=5000, failures=500, findings=1000, notes=500, frames=50, text=8000, checks=5000, fold=100, diff=200_000
    ),
    Limits(rows=2000, failures=100, findings=300, notes=100, frames=10, text=1000, checks=2000, fold=100, diff=100_000),
    *_COMMENT_STEPS[1:],
)


def comment(verdict: Verdict, links: Links | None, *, hidden: str = "", mended: bool = False) -> str:
    """The sticky comment, starting with `MARKER`; always below `COMMENT_LIMIT` characters.

    `hidden` is one HTML comment of our own that follows the marker. `mended`: say that an earlier report was red.
    """
    told = {"hidden": _hidden(hidden), "mended": mended}
    return _first_below(COMMENT_LIMIT, comment_length, "comment.md.j2", _COMMENT_STEPS, verdict, links, **told)


def summary(verdict: Verdict, links: Links | None) -> str:
    """The job summary: everything the comment says and every check; always below `SUMMARY_LIMIT` bytes."""
    here = replace(links, run_url="") if links else None  # it stands on the run's page and need not lead there
    return _first_below(SUMMARY_LIMIT, _bytes, "summary.md.j2", _SUMMARY_STEPS, verdict, here)


def unfinished(reason: str, links: Links | None, *, hidden: str = "") -> str:
    """The comment when there is no verdict, so that an older green one does not stay."""
    return _fill("unfinished.md.j2", reason=reason[:2000], links=links, hidden=_hidden(hidden))


def worth_a_comment(verdict: Verdict) -> bool:
    """Whether a pull request without our comment gets one: not when nothing in it concerned us.

    What it affects concerns us also where none of it was checked.
    """
    own = [finding for finding in verdict.findings if finding.status != "standing"]
    brought = any(n.blocking or n.what == "settings" for n in verdict.not_checked)
    return bool(verdict.cases or own or verdict.affected or brought)


def comment_length(text: str) -> int:
    """Characters as GitHub may count them at most: UTF-16 units, and two for a line break.

    GitHub's message says "maximum is 65536 characters" (HTTP 422) and no page of its documentation says which. Measured
    by others (github.com/dead-claudia/github-limits, pull request 13): comments up to 262,144 bytes of UTF-8 are taken,
    descriptions of pull requests up to 65,536 code points. Below 65,536 as counted here is below all of these: a UTF-16
    unit is at most three bytes, and never less than a code point's share.
    """
    return len(text.encode("utf-16-le")) // 2 + text.count("\n")


def _hidden(line: str) -> Markup:
    if line and not _HIDDEN.fullmatch(line):
        raise ValueError(f"expected one HTML comment of plain words, got {line[:200]!r}")
    return Markup(line)  # noqa: S704  nothing in it can end the comment early


def _bytes(text: str) -> int:
    return len(text.encode())


def _fill(template: str, **values: object) -> str:
    text = _environment().get_template(template).render(marker=_MARKUP, **values)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"  # parts that have nothing to say leave blank lines


def _first_below(
    limit: int,
    length: Callable[[str], int],
    template: str,
    steps: tuple[Limits, ...],
    verdict: Verdict,
    links: Links | None,
    **told: object,
) -> str:
    for limits in steps:
        shown = page(verdict, limits)
        if weight(shown) >= limit:  # escaping only adds to it: not worth the time
            continue
        text = _fill(template, page=shown, links=links, **told)
        if length(text) < limit:
            return text
    raise AssertionError(f"even the shortest report reaches the limit of {limit}")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,  # with `finalize`: all that is not Markup passes through escape.py
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(FILTERS)
    environment.filters["path"] = path
    environment.globals["counted"] = counted
    return environment


def _template(name: str) -> str | None:
    source = _folder().joinpath(name)
    return source.read_text(encoding="utf-8") if source.is_file() else None


def _folder() -> Traversable:
    """In the installed package, else at the root of a checkout."""
    installed = files("transformers_export").joinpath("templates")
    return installed if installed.is_dir() else Path(__file__).parents[3] / "templates"
