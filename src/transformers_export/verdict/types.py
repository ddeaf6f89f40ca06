"""The data everything speaks: findings, case results and the verdict.

Plain frozen dataclasses of the standard library, so that the worker side needs nothing else. How they become JSON and
are validated on the way back is in `schema.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from transformers_export.verdict.plain import conclude as conclude  # stays at hand beside what it decides on

SCHEMA_VERSION = 1

Severity = Literal["error", "advice"]
FindingStatus = Literal["new", "standing", "fixed"]
CheckOutcome = Literal["passed", "failed", "advice", "not-run"]
CaseOutcome = Literal["passed", "failed", "expected-failure", "undecided"]
Cause = Literal["change", "environment", "upstream", "unknown"]
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
    """`path:line in function`: the project's own frames before those of libraries, of each the last first."""
    inputs: tuple[str, ...] = ()
    """What the model was given when it was captured, `input_ids int64 4×8`."""
    operator: str = ""
    """The operator that could not be captured or translated, where one is named."""
    hint: str = ""
    """What mostly causes this and what to do; empty where it is not known."""
    link: str = ""
    """Where that is documented."""


@dataclass(frozen=True)
class Divergence:
    """How far one module's output is from PyTorch's in the graph; None where the figure is not finite."""

    module: str
    class_name: str
    max_difference: float | None
    share: float | None
    """Of the tolerance, as if the module's output were the graph's."""


@dataclass(frozen=True)
class Located:
    """The first place where a graph computes something else than its model."""

    module: str
    """Path in the model, `encoder.layer.2.attention`; empty for the model itself."""
    class_name: str
    path: str
    """File of the module's code, relative to the repository or to the packages it is installed among."""
    line: int
    operator: str
    """Type of the ONNX operator; empty where the graph has none in its place."""
    node: str
    """The operator's name in the graph."""
    torch_operator: str
    at: str
    """The shapes that were run, in words."""
    absent: bool = False
    """The graph leaves the module out."""
    growth: tuple[Divergence, ...] = ()
    """Along the network, in the order in which modules end."""


@dataclass(frozen=True)
class Imported:
    """From which file a part of a case was imported."""

    what: str
    """`model`, `configuration` or `OnnxConfig`."""
    path: str
    inside: bool
    """Whether that is below the folder that was checked; then `path` is relative to it."""


@dataclass(frozen=True)
class Fault:
    """What the base says of a failure."""

    why: str
    """One sentence: `The same export passes at the base, 1a2b3c4.`"""
    did: str = ""
    """What the change did, `froze axis 1 of last_hidden_state`; empty where it is not the change's."""


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
    located: Located | None = None
    """Where its values begin to differ; None where they do not, or where that was not found."""
    fault: Fault | None = None
    """What the base says; None where it was not asked."""
    imported: tuple[Imported, ...] = ()
    """Where what was exported came from."""
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
class Disagreement:
    """One export of which the two exporters make different things."""

    model_type: str
    feature: str
    what: str
    """One sentence."""


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
    disagreements: tuple[Disagreement, ...] = ()
    """Where both exporters were asked for and do not agree."""
    fix: Fix | None = None
    """Asked for by `--fix` and `--diff`; None where nothing can be mended."""
    isolation: str = ""
    """Which isolation the cases ran under, in words."""
    shard: Shard | None = None
    """None for a verdict that speaks for its whole plan."""
    baseline: Baseline | None = None
    """None where there was no earlier verdict to compare with."""
