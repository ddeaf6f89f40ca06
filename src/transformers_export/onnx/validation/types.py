"""What validation finds. The library stands by itself, so these are its own and not the verdict's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from transformers_export.onnx.inputs import Sizes
    from transformers_export.onnx.locating.types import Located, NotLocated

Outcome = Literal["passed", "failed", "advice", "not-run"]


@dataclass(frozen=True)
class Check:
    """One named check.

    `figure` is what was measured and `limit` what it may be at most, in the same unit; both None where the check
    counts nothing.
    """

    name: str
    outcome: Outcome
    detail: str
    figure: float | None = None
    limit: float | None = None


@dataclass(frozen=True)
class OutputComparison:
    """One output over every shape that was run."""

    name: str
    shapes: tuple[tuple[int, ...], ...]
    """As ONNX Runtime returned them, in the order they were run."""
    max_difference: float
    """Largest absolute difference from PyTorch; NaN where either side is."""
    share: float
    """Largest share of the tolerance used; above 1 fails."""
    problem: str = ""
    """What is wrong beside the difference: shape, type, NaN or infinity."""
    worst: Sizes | None = None
    """The sizes at which it is furthest from PyTorch, or broken; `runs.run` gives that run again."""


@dataclass(frozen=True)
class ValidationReport:
    """All checks of one exported file."""

    checks: tuple[Check, ...]
    outputs: tuple[OutputComparison, ...]
    max_difference: float | None
    """Over all outputs and shapes; None where nothing could be compared."""
    tolerance: float
    """Absolute, for outputs of size one or less."""
    located: Located | NotLocated | None = None
    """Where the values begin to differ; None where they do not."""
    unverified: str = ""
    """Which lengths of the model's configuration were not tried, in a sentence; empty where all were."""

    @property
    def passed(self) -> bool:
        """Every check passed or only advises; one that could not run is not passed."""
        return all(check.outcome in ("passed", "advice") for check in self.checks)
