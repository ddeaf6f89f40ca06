"""Lines of a model at which a capture may have kept one side of a decision: the likely causes where a check fails.

A trace keeps what Python computed from a tensor, and torch warns of it. torch.export keeps the side of a branch that
the example's lengths took, and records a guard. Neither makes a file wrong by itself, so they are shown only where a
check fails. Only lines of the model's own code count.
"""

from __future__ import annotations

import contextlib
import linecache
import warnings
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from transformers_export.model_code import Line, is_model_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST = 10
"""Remarks of one capture that are kept."""


@dataclass(frozen=True)
class Remark:
    """One line of the model, and what the exporter kept of it."""

    line: Line
    what: str

    def __str__(self) -> str:
        """Return `acme/modeling_heron.py:12: ...` with the source of the line."""
        return f"{self.line}: {self.said}"

    @property
    def said(self) -> str:
        """What was kept, and the line's source where it can be read."""
        source = linecache.getline(self.line.file, self.line.number).strip()
        return f"{self.what}: `{source}`" if source else self.what


_COLLECTED: ContextVar[list[Remark] | None] = ContextVar("remarks", default=None)


@contextlib.contextmanager
def collecting() -> Iterator[list[Remark]]:
    """Collect the remarks of the captures within."""
    remarks: list[Remark] = []
    token = _COLLECTED.set(remarks)
    try:
        yield remarks
    finally:
        _COLLECTED.reset(token)


def tell(found: Iterable[Remark]) -> None:
    """Hand remarks to whoever collects them: each line once, of the model's code alone, `MOST` in all."""
    remarks = _COLLECTED.get()
    if remarks is None:
        return
    for remark in found:
        known = remark.line in [one.line for one in remarks]
        if len(remarks) < MOST and not known and is_model_code(remark.line.file):
            remarks.append(remark)


def tell_of_warnings(caught: Iterable[warnings.WarningMessage]) -> None:
    """Hand on what torch's tracer warned of."""
    tracer: Any = torch.jit.TracerWarning  # type: ignore[attr-defined]  # torch does not list it
    tell(
        Remark(Line(one.filename, one.lineno), str(one.message).strip().partition(". ")[0].partition("\n")[0])
        for one in caught
        if issubclass(one.category, tracer)
    )


@contextlib.contextmanager
def tracer_warnings() -> Iterator[None]:
    """Keep what torch's tracer says of the model's lines; every other warning speaks to torch's maintainers."""
    tracer: Any = torch.jit.TracerWarning  # type: ignore[attr-defined]  # torch does not list it
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", tracer)
        try:
            yield
        finally:
            tell_of_warnings(caught)


@contextlib.contextmanager
def guards() -> Iterator[None]:
    """Keep the lines of the model that torch.export recorded a guard for: decisions by the length of an axis."""
    from torch.fx.experimental.symbolic_shapes import ShapeEnv

    environments: list[Any] = []
    kind: Any = ShapeEnv
    begin = kind.__init__

    def begun(environment: Any, *arguments: Any, **options: Any) -> None:
        begin(environment, *arguments, **options)
        environments.append(environment)

    kind.__init__ = begun
    try:
        yield
    finally:
        kind.__init__ = begin
        tell(remark for environment in environments for remark in _of_guards(environment))


def _of_guards(environment: Any) -> Iterator[Remark]:
    for guard in getattr(environment, "guards", ()):
        place = getattr(getattr(guard, "sloc", None), "framework_loc", None)
        file, number = getattr(place, "filename", None), getattr(place, "lineno", None)
        if file and number:
            yield Remark(Line(file, number), "Python decides by the length of an axis, and one side was captured")
