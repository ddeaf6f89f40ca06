"""The data everything speaks: findings, case results and the verdict.

Plain frozen dataclasses of the standard library, so that the worker side needs nothing else. How they become JSON and
are validated on the way back is in `schema.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SCHEMA_VERSION = 1

Severity = Literal["error", "advice"]
FindingStatus = Literal["new", "standing", "fixed"]
CheckOutcome = Literal["passed", "failed", "advice", "not-run"]
CaseOutcome = Literal["passed", "failed", "expected-failure", "undecided"]
Cause = Literal["change", "environment", "upstream"]
Conclusion = Literal["success", "failure"]
ExporterName = Literal["dynamo", "legacy"]
Target = Literal["onnx", "torchscript"]


@dataclass(frozen=True)
class Finding:
    """What one static rule says about one place. Lines and columns count from 1; a fixed finding's are the base's."""

    rule: str
    severity: Severity
    status: FindingStatus
    path: str
    line: int
    column: int
    subject: str
    """The class or registry key it is about: what identifies a finding when its line has moved."""
    message: str
    """One sentence: what is wrong."""
    hint: str
    """One sentence: what to do."""


@dataclass(frozen=True)
class CheckResult:
    """One named check of one export, with its figure.

    ONNX: `checker`, `data`, `names`, `types`, `axes`, `values`, `effect`, `past`. TorchScript: `file`, `names`,
    `weights`, `axes`, `values`, `padding`, `past`.
    """

    name: str
    outcome: CheckOutcome
    figure: float | None = None
    """What was measured, e.g. the largest share of the tolerance used (1.0 is all of it)."""
    limit: float | None = None
    detail: str = ""


@dataclass(frozen=True)
class CaseError:
    """Why a case did not pass, for a reader who will not open the log."""

    type: str
    message: str
    frames: tuple[str, ...] = ()
    """`path:line in function`, the last frame first."""


@dataclass(frozen=True)
class Before:
    """What the same case came to in an earlier verdict, mostly the base's."""

    outcome: CaseOutcome
    max_difference: float | None = None
    opset: int | None = None
    nodes: int | None = None
    bytes: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class CaseResult:
    """One model type, feature and exporter, and how it ended."""

    model_type: str
    feature: str
    target: Target
    exporter: str
    """Which exporter made the graph (`dynamo`, `legacy`; `torchscript` for that target); before it is known, what was
    asked for."""
    outcome: CaseOutcome
    cause: Cause | None = None
    """Whose failure it is; None for a passed case."""
    checks: tuple[CheckResult, ...] = ()
    max_difference: float | None = None
    """Largest absolute difference from PyTorch over all outputs and shapes."""
    tolerance: float | None = None
    """The absolute tolerance it was held against."""
    opset: int | None = None
    nodes: int | None = None
    bytes: int | None = None
    """Size of the model file with its external data."""
    seconds: float = 0.0
    """Wall time of the case in its process."""
    peak_bytes: int | None = None
    """Largest resident memory of the case's process tree."""
    cached: bool = False
    """Nothing that decides this result has changed since the case passed, so it was not exported again."""
    key: str = ""
    """Identity of everything that decides the result; empty where that is not known."""
    before: Before | None = None
    error: CaseError | None = None
    warnings: tuple[str, ...] = ()
    reason: str = ""
    """Why a failure is expected (from the settings) or why a case is undecided."""


@dataclass(frozen=True)
class NotChecked:
    """Something that was not checked, and why. Never counted as passed."""

    what: str
    why: str
    blocking: bool = False
    """True when the check must fail because of it: a changed configuration that yields no case, say."""


@dataclass(frozen=True)
class Affected:
    """Why a model type was checked at all."""

    model_type: str
    path: str
    why: str


@dataclass(frozen=True)
class FixedFile:
    """What `--fix` would make of one file."""

    path: str
    diff: str
    """A unified diff with the names `a/path` and `b/path`, for `git apply`."""


@dataclass(frozen=True)
class Fix:
    """What `--fix` would change, or changed."""

    files: tuple[FixedFile, ...] = ()
    what: tuple[str, ...] = ()
    """One sentence each: what it does."""
    notes: tuple[str, ...] = ()
    """One sentence each: what somebody should look at."""


@dataclass(frozen=True)
class Tool:
    """What wrote the verdict."""

    name: str
    version: str


@dataclass(frozen=True)
class Planned:
    """One case of a plan, by name."""

    model_type: str
    feature: str
    target: Target
    exporter: str


@dataclass(frozen=True)
class Shard:
    """Which part of a plan a verdict speaks for."""

    number: int
    """From 1 to `total`."""
    total: int
    plan: str
    """Identity of the whole plan: parts of different plans do not belong together."""
    planned: tuple[Planned, ...]
    """Every case of the whole plan."""
    cases: tuple[int, ...]
    """Places in `planned` of this part's cases, in the order of the verdict's `cases`."""


@dataclass(frozen=True)
class Baseline:
    """The earlier verdict that cases are compared with."""

    head: str | None
    """Full SHA of the commit it was about."""
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """Everything one check found. Reports are made from this and from nothing else."""

    tool: Tool
    conclusion: Conclusion
    schema_version: int = SCHEMA_VERSION
    versions: dict[str, str] = field(default_factory=dict)
    """What ran: `python`, `torch`, `transformers`, `onnx`, `onnxruntime`, ... of the project interpreter."""
    base: str | None = None
    """Full SHA the change was compared with, or None (working tree only)."""
    head: str | None = None
    """Full SHA links point to, or None where nothing is committed."""
    findings: tuple[Finding, ...] = ()
    cases: tuple[CaseResult, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    affected: tuple[Affected, ...] = ()
    fix: Fix | None = None
    """Asked for by `--fix` and `--diff`; None where nothing can be mended."""
    isolation: str = ""
    """Which isolation the cases ran under, in words."""
    shard: Shard | None = None
    """None for a verdict that speaks for its whole plan."""
    baseline: Baseline | None = None
    """None where there was no earlier verdict to compare with."""


def conclude(
    findings: tuple[Finding, ...],
    cases: tuple[CaseResult, ...],
    not_checked: tuple[NotChecked, ...],
    *,
    strict: bool = False,
    part: bool = False,
) -> Conclusion:
    """Decide whether a check is green.

    New errors, failed or undecided cases and anything blocking that was not checked make it red; with `strict` so do
    standing errors. Advice never does. Cases of which none passed are never green, unless they are only a `part` of the
    plan: that is then held against the whole.
    """
    blocking_status = {"new", "standing"} if strict else {"new"}
    red = (
        any(f.severity == "error" and f.status in blocking_status for f in findings)
        or any(c.outcome in ("failed", "undecided") for c in cases)
        or any(n.blocking for n in not_checked)
        or (bool(cases) and not part and not any(c.outcome == "passed" for c in cases))
    )
    return "failure" if red else "success"
