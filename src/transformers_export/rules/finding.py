"""Making a finding. Whether it is new is decided in `catalog.py`: until then it is."""

from __future__ import annotations

from typing import Protocol

from transformers_export.verdict.types import Finding, Severity


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


def at(place: Place, rule: str, subject: str, message: str, hint: str, *, severity: Severity = "error") -> Finding:
    """A finding at a place."""
    return Finding(rule, severity, "new", place.path, place.line, place.column, subject, message, hint)
