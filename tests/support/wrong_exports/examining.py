"""What our own validation says of a defect."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.wrong_exports.making import make
from support.wrong_exports.subjects import OPSET
from support.wrong_exports.types import LAYERS
from transformers_export.onnx import validate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from support.wrong_exports.making import GoodFiles, Made
    from support.wrong_exports.types import Defect

EXPORT = "export"
"""In place of a check's name: the export itself refuses the defect."""


@dataclass(frozen=True)
class Findings:
    """The checks that failed, and what they said."""

    failed: Mapping[str, str] = field(default_factory=dict)
    not_run: tuple[str, ...] = ()
    made: Made | None = None
    """None where there is no file to look at."""
    located: str | None = None
    """The module that is said to be wrong; None where none is."""

    def caught(self, defect: Defect) -> bool:
        """Whether the check that is named for the defect failed and said why."""
        return defect.check in self.failed and defect.says in self.failed[defect.check]

    @property
    def misplaced(self) -> bool:
        """Whether another module is named than the one that the defect is in."""
        return self.made is not None and bool(self.made.module) and self.located != self.made.module


def layer_of(defect: Defect, seed: int = 0) -> int:
    """The layer that this defect is planted in: at random, the same for the same seed."""
    return random.Random(f"{seed} {defect.name}").randrange(LAYERS)


def examine(defect: Defect, exporter: str, layer: int, path: Path, good: GoodFiles) -> Findings:
    """Plant a defect, export and validate."""
    try:
        made = make(defect, exporter, layer, path, good)
    except ValueError as error:
        return Findings({EXPORT: str(error)})
    return findings(made)


def findings(made: Made) -> Findings:
    """Validate a file."""
    report = report_on(made)
    failed = {check.name: check.detail for check in report.checks if check.outcome == "failed"}
    not_run = tuple(check.name for check in report.checks if check.outcome == "not-run")
    return Findings(failed, not_run, made, getattr(report.located, "module", None))


def report_on(made: Made) -> Any:
    """Our report on a file."""
    small = made.small
    return validate(small.config, small.preprocessor, small.model, made.path, opset=OPSET)
