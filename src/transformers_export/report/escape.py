"""The only place where untrusted text becomes Markdown.

Names, paths, messages and tracebacks in a verdict come from the pull request, so all of them are hostile until they
have passed through here. Jinja's own escaping knows HTML but not Markdown; `finalize` puts ours in its place: every
`{{ expression }}` of a template is escaped as prose unless one of the filters below has already made it `Markup`. A
template that forgets a filter is therefore ugly, never unsafe.

Not here: how unseen characters are shown (`verdict/visible.py`), which text is shown and how long it may be (`view.py`,
`render.py`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from markupsafe import Markup

from transformers_export.verdict.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

_ZERO_WIDTH = "\u200b"
"""Breaks what GitHub looks for in rendered text (mentions, references, links), where a backslash does not help.
`visible` spells out any that the text itself had, so what is left of them is ours."""

_SIMPLE_CODE = re.compile(r"[^`|\s](?:[^`|\n]*[^`|\s])?\Z")
_CODE_SPAN = re.compile(r"`([^`\n]+)`")
_BLOCK_START = re.compile(r"^(?:([#+\-=:])|(\d+)([.)])(?=\s|\Z))")
_NOT_WORDS = re.compile(r"[^\w ]|_")
_NOT_PLAIN = re.compile(r"[^\w .,/:()=+\-]|_")
_EDGE_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")

_PROSE = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "\\": "\\\\",
        "`": "\\`",
        "*": "\\*",
        "[": "\\[",
        "]": "\\]",
        "|": "\\|",
        "~": "\\~",
        _ZERO_WIDTH: "&#8203;",
        "$": "&#36;",  # GitHub sets what stands between two of them as mathematics
    }
)

_AUTOMATIC = (
    (re.compile(r"@(?=[A-Za-z0-9])"), "@" + _ZERO_WIDTH),  # mentions, mail addresses
    (re.compile(r"#(?=\d)"), "#" + _ZERO_WIDTH),  # issues, also as owner/repository#1
    (re.compile(r"\b(GH)-(?=\d)", re.IGNORECASE), r"\1-" + _ZERO_WIDTH),
    (re.compile(r":(?=//)"), ":" + _ZERO_WIDTH),  # addresses, which become links without any brackets
    (re.compile(r"\b(www|mailto|xmpp)(?=[.:])", re.IGNORECASE), r"\1" + _ZERO_WIDTH),
    (re.compile(r":(?=[A-Za-z0-9_+\-]+:)"), ":" + _ZERO_WIDTH),  # :emoji:
)

_CHART_LINE = re.compile(r'xychart-beta| {4}(?:title|x-axis|y-axis|bar|line)(?: "[A-Za-z ,]*")?(?: [\[\]0-9,. >-]*)?')
_DOCUMENTATION = re.compile(r"https://(?:docs\.pytorch\.org|onnx\.ai|huggingface\.co/docs)/[A-Za-z0-9_./-]+")


def prose(value: object) -> Markup:
    """One line of running text. What stands in `backticks` is set as code, everything else literally."""
    line = visible(value).strip()
    parts: list[str] = []
    end = 0
    for span in _CODE_SPAN.finditer(line):
        parts += [_literal(line[end : span.start()], start=end == 0), code(span[1])]
        end = span.end()
    parts.append(_literal(line[end:], start=end == 0))
    return Markup("".join(parts))  # noqa: S704  escaped above, piece by piece


def _literal(text: str, *, start: bool) -> str:
    escaped = _unlinked(text).translate(_PROSE)
    escaped = _EDGE_UNDERSCORE.sub(r"\\_", escaped)
    return _BLOCK_START.sub(_escape_block, escaped) if start else escaped


def _unlinked(text: str) -> str:
    for pattern, replacement in _AUTOMATIC:
        text = pattern.sub(replacement, text)
    return text


def _escape_block(match: re.Match[str]) -> str:
    return f"\\{match[1]}" if match[1] else f"{match[2]}\\{match[3]}"


def code(value: object) -> Markup:
    """Text in monotype, on one line, also inside a table; GitHub looks for no mentions or links in it."""
    text = visible(value).strip()
    if not text:
        return Markup("")
    if _SIMPLE_CODE.match(text):
        return Markup(f"`{text}`")  # noqa: S704  no backtick, pipe or newline in it: nothing can end the span
    escaped = _NOT_WORDS.sub(_entity, text)
    return Markup(f"<code>{escaped}</code>")  # noqa: S704


def html(value: object) -> Markup:
    """Text inside an HTML element such as `<summary>`, where GitHub reads Markdown or not depending on blank lines."""
    text = _unlinked(visible(value).strip())
    return Markup(_NOT_PLAIN.sub(_entity, text))  # noqa: S704


def _entity(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"


def html_code(value: object) -> Markup:
    """`html` in monotype."""
    return Markup("<code>{}</code>").format(html(value))


def block(value: object) -> Markup:
    """Several lines, literally, in a fence longer than any run of backticks in them."""
    return _fenced("text", visible(value, lines=True).strip("\n"))


def diff(value: object) -> Markup:
    """A unified diff in such a fence. Its tabs stay: what is copied from the report must apply."""
    return _fenced("diff", "\t".join(visible(part, lines=True) for part in str(value).split("\t")).strip("\n"))


def chart(lines: Iterable[str]) -> Markup:
    """Lines of a Mermaid chart.

    Raises:
        ValueError: A line has anything but what a chart of numbers needs: Mermaid's own language is no place for text
            of others, and nothing can end the fence.
    """
    for line in lines:
        if not _CHART_LINE.fullmatch(line):
            raise ValueError(f"Expected a line of a chart of numbers, got {line[:80]!r}.")
    return _fenced("mermaid", "\n".join(lines))


def _fenced(language: str, text: str) -> Markup:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markup(f"{fence}{language}\n{text}\n{fence}")  # noqa: S704  a fence only ends at one as long as itself


def link(label: Markup, url: str | None) -> Markup:
    """A link; the label alone where there is no address. `url` comes from `address`."""
    return Markup(f"[{label}]({url})") if url else label  # noqa: S704


def address(*parts: str, line: int | None = None) -> str | None:
    """A web address from a server and path parts, every part quoted; None where a part would climb out of it."""
    server, *rest = parts
    segments = [segment for part in rest for segment in part.split("/")]
    if not re.fullmatch(r"https?://[A-Za-z0-9.\-]+(?::\d+)?", server) or any(map(_climbs_or_hides, segments)):
        return None
    path = "/".join(quote(segment, safe="") for segment in segments)
    return f"{server}/{path}" + (f"#L{line}" if line else "")


def documentation(url: str) -> str | None:
    """A page of the documentation that hints lead to; None for any other address."""
    return url if _DOCUMENTATION.fullmatch(url) and len(url) < 300 else None


def _climbs_or_hides(segment: str) -> bool:
    return segment in ("", ".", "..") or not segment.isprintable()


def finalize(value: object) -> Markup:
    """What Jinja writes for an expression: `Markup` as it is, all else as prose."""
    if isinstance(value, Markup):
        return value
    return Markup("") if value is None else prose(value)


FILTERS = {
    "prose": prose,
    "code": code,
    "html": html,
    "html_code": html_code,
    "block": block,
    "diff": diff,
    "chart": chart,
    "link": link,
}
