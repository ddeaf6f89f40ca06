"""The parts of a report, before any words: what the templates are given, cut to a length."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from transformers_export.report.growth import Bar
    from transformers_export.verdict.types import Affected, Disagreement, Finding, NotChecked

T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """How much of each thing is shown. A report that is too long is made again with smaller ones."""

    rows: int
    failures: int
    findings: int
    notes: int
    """Entries of every other list."""
    frames: int
    text: int
    """Characters of one text, before escaping."""
    checks: int = 0
    """Lines of the table of every check, which only the summary has."""
    fold: int = 25
    """Verified exports are folded when the table has more rows than this."""
    diff: int = 0
    """Characters of the diff of what can be mended; a file's diff is shown whole or not at all."""


@dataclass(frozen=True)
class Listed(Generic[T]):
    """The first entries of a list, and how many more there are."""

    shown: tuple[T, ...]
    more: int

    @property
    def total(self) -> int:
        """All of them."""
        return len(self.shown) + self.more

    def __bool__(self) -> bool:
        return self.total > 0


@dataclass(frozen=True)
class Row:
    """One export in the table."""

    icon: str
    model: str
    feature: str
    exporter: str
    checks: str
    difference: str
    opset: str
    nodes: str
    size: str
    seconds: str
    memory: str


@dataclass(frozen=True)
class CheckLine:
    """One check of one export."""

    case: str
    name: str
    outcome: str
    figure: str
    limit: str
    detail: str


@dataclass(frozen=True)
class Spot:
    """Where values begin to differ."""

    module: str
    class_name: str
    path: str
    line: int
    linked: bool
    """Whether the file is one of the repository."""
    operator: str
    node: str
    torch_operator: str
    at: str
    absent: bool
    bars: tuple[Bar, ...]
    chart: tuple[str, ...]


@dataclass(frozen=True)
class Failure:
    """One export that did not pass, for a reader who will not open the log."""

    icon: str
    name: str
    what: str
    """In one line."""
    cause: str
    trace: str
    """The error and its frames, the last first; empty where a check failed without one."""
    checks: tuple[CheckLine, ...]
    reason: str
    warnings: tuple[str, ...]
    place: Spot | None
    did: str
    """What this change did, after "This pull request"."""
    why: str
    """What the base says."""
    hint: str
    link: str
    """A page of documentation; empty where the verdict names another address."""


@dataclass(frozen=True)
class Mending:
    """What `--fix` would change."""

    what: Listed[str]
    notes: Listed[str]
    diff: str
    """Whole diffs, one a file, as many as there is room for."""
    files: int
    left_out: int
    """Files whose diff is not shown."""
    folded: bool
    command: str


@dataclass(frozen=True)
class Page:
    """A whole report, before any words."""

    icon: str
    passed: int
    total: int
    facts: tuple[str, ...]
    new: Listed[Finding]
    standing: Listed[Finding]
    fixed: Listed[Finding]
    exporter: str
    """Of all exports, where they have one; then it is said once and has no column. So with the opset."""
    opset: str
    rows: Listed[Row]
    folded: Listed[Row]
    mending: Mending | None
    failures: Listed[Failure]
    expected: Listed[Failure]
    warned: Listed[Failure]
    checks: Listed[CheckLine]
    not_checked: Listed[NotChecked]
    affected: Listed[Affected]
    disagreements: Listed[Disagreement]
    agreeing: int
    """Exports that both exporters verified."""
    versions: tuple[tuple[str, str], ...]
    command: str
    isolation: str
    compared: str
    tool: str
    base: str | None
    head: str | None


def weight(part: object) -> int:
    """Characters of text in a page or a part of one: about the least that a rendering of it has."""
    if isinstance(part, str):
        return len(part)
    if isinstance(part, tuple):
        return sum(map(weight, part))
    if is_dataclass(part):
        return sum(weight(getattr(part, one.name)) for one in fields(part))
    return 0
