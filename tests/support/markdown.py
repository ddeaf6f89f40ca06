"""Reads rendered Markdown back as a reader would see it: which tags, which links, which text and where.

CommonMark with tables and strikethrough, by markdown-it. Raw HTML is kept, as GitHub keeps the tags it
allows.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from markdown_it import MarkdownIt

from support.node import node_command, node_modules

ZERO_WIDTH = "\u200b"
_VOID = {"br", "hr", "img", "input"}


@dataclass
class Seen(HTMLParser):
    """What a page holds. `tags` counts opened tags; `prose` is text outside of code, `code` text inside it."""

    tags: dict[str, int] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    prose: str = ""
    code: str = ""
    open: list[str] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if {"code", "pre"} & set(self.open):
            self.code += data
        else:
            self.prose += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    @property
    def text(self) -> str:
        """The prose as it is read: what has no width is not seen."""
        return self.prose.replace(ZERO_WIDTH, "")


def see(markdown: str) -> Seen:
    """Render and read back."""
    renderer = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return _read_back(renderer.render(markdown))


def see_by_marked(texts: list[str]) -> list[Seen]:
    """The same by a second renderer, npm's marked with its GFM rules. One process for all texts."""
    script = Path(__file__).with_name("marked.mjs")
    done = subprocess.run(
        node_command(script, str(node_modules())), input=json.dumps(texts), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [_read_back(html) for html in json.loads(done.stdout)]


def _read_back(html: str) -> Seen:
    seen = Seen()
    seen.feed(html)
    seen.close()
    seen.unbalanced += seen.open
    return seen
