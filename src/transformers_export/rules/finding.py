"""Making a finding. Whether it is new is decided in `catalog.py`: until then it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from transformers_export.verdict.plain import Finding

if TYPE_CHECKING:
    import ast

    from transformers_export.source.registry import Entry, Feature
    from transformers_export.verdict.types import Severity


class Place(Protocol):
    """Anything that knows where it is written."""

    @property
    def path(self) -> str:
        """Relative to the root."""

    @property
    def line(self) -> int:
        """From 1."""

    @property
    def column(self) -> int:
        """From 1."""


class Spot(NamedTuple):
    """A place by itself."""

    path: str
    line: int
    column: int


def of_feature(entry: Entry, feature: Feature) -> Spot:
    """Where a feature is registered."""
    return Spot(entry.path, feature.line, feature.column)


def of_node(path: str, node: ast.expr | ast.stmt) -> Spot:
    """Where an expression or a statement is written."""
    return Spot(path, node.lineno, node.col_offset + 1)


def at(place: Place, rule: str, subject: str, message: str, hint: str, *, severity: Severity = "error") -> Finding:
    """A finding at a place."""
    return Finding(rule, severity, "new", place.path, place.line, place.column, subject, message, hint)
