"""What a report shows of a verdict: counted, sorted, cut to a length. Decisions only; the words are the templates'.

Nothing here is escaped yet: every text leaves as plain `str`, which the templates escape.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from transformers_export.report import comparison, figures, growth
from transformers_export.report.escape import documentation
from transformers_export.verdict.types import Fix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from transformers_export.report.growth import Bar
    from transformers_export.verdict.types import (
        Affected,
        CaseResult,
        CheckResult,
        Disagreement,
        Finding,
        Located,
        NotChecked,
        Verdict,
    )

T = TypeVar("T")

_ICONS = {"passed": "✅", "failed": "❌", "expected-failure": "⚪", "undecided": "❔"}
_WORST_FIRST = ("failed", "undecided", "expected-failure", "passed")
_CAUSES = {
    "change": "this change",
    "environment": "the environment, not this change",
    "upstream": "a library this project uses, not this change",
}
_PATH = 1000
"""Characters of a path that are looked at; an address as long is not linked."""
_LONG_DIFF = 60
"""Lines of a diff from which it is folded."""
_SHA = re.compile(r"[0-9a-f]{7,64}")


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


def page(verdict: Verdict, limits: Limits) -> Page:
    """Decide what a report of this length shows."""
    cut = _cutter(limits.text)
    cases = sorted(verdict.cases, key=lambda case: _WORST_FIRST.index(case.outcome))
    rows = Listed(tuple(_row(case, cut) for case in cases[: limits.rows]), max(0, len(cases) - limits.rows))
    unfolded = len([case for case in cases if case.outcome != "passed"]) if len(cases) > limits.fold else len(cases)
    return Page(
        icon=icon(verdict),
        passed=_count(verdict.cases, "passed"),
        total=len(verdict.cases),
        facts=facts(verdict),
        new=_findings(verdict, "new", limits),
        standing=_findings(verdict, "standing", limits),
        fixed=_findings(verdict, "fixed", limits),
        exporter=cut(_common(_exporter(case) for case in cases)),
        opset=_common(figures.count(case.opset) for case in cases),
        rows=_part(rows, 0, unfolded),
        folded=_part(rows, unfolded, len(cases)),
        mending=_mending(verdict, limits) if verdict.fix else None,
        failures=_list(cases, limits.failures, lambda c: _failure(c, limits), lambda c: c.outcome in _WORST_FIRST[:2]),
        expected=_list(cases, limits.notes, lambda c: _failure(c, limits), lambda c: c.outcome == "expected-failure"),
        warned=_list(cases, limits.notes, lambda c: _failure(c, limits), lambda c: bool(c.warnings)),
        checks=_list(
            [(case, check) for case in cases for check in case.checks], limits.checks, lambda pair: _check(*pair, cut)
        ),
        not_checked=_list(
            sorted(verdict.not_checked, key=lambda n: not n.blocking),
            limits.notes,
            lambda n: type(n)(cut(n.what), cut(n.why), n.blocking),
        ),
        affected=_list(
            verdict.affected, limits.notes, lambda a: type(a)(cut(a.model_type), a.path[-_PATH:], cut(a.why))
        ),
        disagreements=_list(
            verdict.disagreements,
            limits.notes,
            lambda d: type(d)(cut(d.model_type), cut(d.feature), cut(d.what)),
        ),
        agreeing=_agreeing(verdict),
        versions=tuple((cut(name), cut(version)) for name, version in list(verdict.versions.items())[:16]),
        command=local_command(verdict),
        isolation=cut(verdict.isolation),
        compared=comparison.compared(verdict),
        tool=cut(f"{verdict.tool.name} {verdict.tool.version}"),
        base=_sha(verdict.base),
        head=_sha(verdict.head),
    )


def _agreeing(verdict: Verdict) -> int:
    """How many exports both exporters were asked for and verified."""
    verified = [(c.model_type, c.feature) for c in verdict.cases if c.target == "onnx" and c.outcome == "passed"]
    apart = {(d.model_type, d.feature) for d in verdict.disagreements}
    return sum(verified.count(pair) > 1 and pair not in apart for pair in set(verified))


def weight(part: object) -> int:
    """Characters of text in a page or a part of one: about the least that a rendering of it has."""
    if isinstance(part, str):
        return len(part)
    if isinstance(part, tuple):
        return sum(map(weight, part))
    if is_dataclass(part):
        return sum(weight(getattr(part, one.name)) for one in fields(part))
    return 0


def is_red(verdict: Verdict) -> bool:
    """Whether a report must not look green. Asks the cases too: of which none passed, nothing is green."""
    undone = any(case.outcome in ("failed", "undecided") for case in verdict.cases)
    none_passed = bool(verdict.cases) and not _count(verdict.cases, "passed")
    return verdict.conclusion != "success" or undone or none_passed


def icon(verdict: Verdict) -> str:
    """Red, green, or neither when there was nothing to verify."""
    if is_red(verdict):
        return "❌"
    return "✅" if verdict.cases else "⚪"


def facts(verdict: Verdict) -> tuple[str, ...]:
    """What the headline does not say, the most important first."""
    new = [f for f in verdict.findings if f.status == "new"]
    amounts = (
        (sum(f.severity == "error" for f in new), "new error", None),
        (_count(verdict.cases, "failed"), "failed", "failed"),
        (_count(verdict.cases, "undecided"), "undecided", "undecided"),
        (sum(n.blocking for n in verdict.not_checked), "could not be checked", "could not be checked"),
        (sum(f.severity == "advice" for f in new), "piece of advice", "pieces of advice"),
        (_count(verdict.cases, "expected-failure"), "expected failure", None),
        (sum(f.status == "standing" for f in verdict.findings), "standing finding", None),
        (sum(f.status == "fixed" for f in verdict.findings), "fixed", "fixed"),
        (sum(case.cached for case in verdict.cases), "cached", "cached"),
    )
    part = (f"shard {verdict.shard.number} of {verdict.shard.total}",) if verdict.shard else ()
    return (*(figures.counted(amount, one, many) for amount, one, many in amounts if amount), *part)


def local_command(verdict: Verdict) -> str:
    """The command that checks the same change again. Nothing of it is taken from the verdict unread."""
    base = _sha(verdict.base)
    used = {case.exporter for case in verdict.cases} & {"dynamo", "legacy"}
    exporter = "both" if len(used) == 2 else next(iter(used), "")
    return " ".join(
        ["transformers-export check"]
        + (["--all"] if base and base == verdict.head else [f"--base {base}"] if base else [])
        + ([f"--exporter {exporter}"] if exporter else [])
    )


def _mending(verdict: Verdict, limits: Limits) -> Mending:
    cut = _cutter(limits.text)
    fix = verdict.fix or Fix()
    shown: list[str] = []
    for file in fix.files:
        if sum(map(len, shown)) + len(file.diff) <= limits.diff:
            shown.append(file.diff if file.diff.endswith("\n") else f"{file.diff}\n")
    text = "".join(shown)
    base = _sha(verdict.base)
    return Mending(
        what=_list(fix.what, limits.findings, cut),
        notes=_list(fix.notes, limits.notes, cut),
        diff=text,
        files=len(fix.files),
        left_out=len(fix.files) - len(shown),
        folded=text.count("\n") > _LONG_DIFF,
        command=" ".join(["transformers-export check --static --fix"] + ([f"--base {base}"] if base else [])),
    )


def case_name(case: CaseResult) -> str:
    """`distilbert / masked-lm / dynamo`."""
    return " / ".join((case.model_type, case.feature, _exporter(case)))


def what_happened(case: CaseResult) -> str:
    """Why a case did not pass, in one line."""
    if case.error is not None:
        return f"{case.error.type}: {case.error.message}".strip().splitlines()[0]
    for check in case.checks:
        if check.outcome == "failed":
            return f"{check.name}: {check.detail}" if check.detail else f"the check {check.name} failed"
    return case.reason or case.outcome


def shortened(text: str, length: int) -> str:
    """The text, or its beginning when it is longer than `length` characters."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _cutter(length: int) -> Callable[[str], str]:
    return lambda text: shortened(text, length)


def _sha(value: str | None) -> str | None:
    return value if value and _SHA.fullmatch(value) else None


def _count(cases: Iterable[CaseResult], outcome: str) -> int:
    return sum(case.outcome == outcome for case in cases)


S = TypeVar("S")


def _list(
    entries: Iterable[S], limit: int, make: Callable[[S], T], keep: Callable[[S], bool] = lambda _: True
) -> Listed[T]:
    kept = [entry for entry in entries if keep(entry)]
    return Listed(tuple(make(entry) for entry in kept[:limit]), max(0, len(kept) - limit))


def _common(values: Iterable[str]) -> str:
    """The value all have, or nothing."""
    (value, *others) = {*values} or {""}
    return "" if others or value == figures.NOTHING else value


def _part(rows: Listed[Row], start: int, stop: int) -> Listed[Row]:
    shown = rows.shown[start:stop]
    return Listed(shown, stop - start - len(shown))


def _findings(verdict: Verdict, status: str, limits: Limits) -> Listed[Finding]:
    cut = _cutter(limits.text)
    chosen = sorted((f for f in verdict.findings if f.status == status), key=lambda f: f.severity != "error")
    return _list(
        chosen,
        limits.findings,
        lambda f: type(f)(
            cut(f.rule),
            f.severity,
            f.status,
            f.path[-_PATH:],
            f.line,
            f.column,
            cut(f.subject),
            cut(f.message),
            cut(f.hint),
        ),
    )


def _exporter(case: CaseResult) -> str:
    return case.exporter if case.target == "onnx" else case.target


def _row(case: CaseResult, cut: Callable[[str], str]) -> Row:
    return Row(
        icon=_ICONS[case.outcome],
        model=cut(case.model_type),
        feature=cut(case.feature),
        exporter=cut(_exporter(case)),
        checks=cut(_checks(case)),
        difference=comparison.difference(case),
        opset=comparison.opset(case),
        nodes=comparison.nodes(case),
        size=comparison.size(case),
        seconds=comparison.seconds(case),
        memory=figures.size(case.peak_bytes),
    )


def _checks(case: CaseResult) -> str:
    """`5/5`, and the ones that failed by name. What was not run counts as not passed."""
    if not case.checks:
        return figures.NOTHING
    done = sum(check.outcome in ("passed", "advice") for check in case.checks)
    failed = ", ".join(check.name for check in case.checks if check.outcome == "failed")
    return f"{done}/{len(case.checks)} {failed}".strip()


def _check(case: CaseResult, check: CheckResult, cut: Callable[[str], str]) -> CheckLine:
    return CheckLine(
        case=cut(case_name(case)),
        name=cut(check.name),
        outcome=check.outcome.replace("-", " "),
        figure=figures.number(check.figure),
        limit=figures.number(check.limit),
        detail=cut(check.detail),
    )


def _failure(case: CaseResult, limits: Limits) -> Failure:
    cut = _cutter(limits.text)
    return Failure(
        icon=_ICONS[case.outcome],
        name=cut(case_name(case)),
        what=_cutter(min(limits.text, 140))(what_happened(case)),
        cause=_CAUSES.get(case.cause or "", ""),
        trace=_trace(case, limits),
        checks=tuple(_check(case, check, cut) for check in case.checks if check.outcome in ("failed", "not-run")),
        reason=cut(case.reason),
        warnings=tuple(cut(warning) for warning in case.warnings[: limits.notes]),
        place=_spot(case, case.located, cut) if case.located and limits.frames else None,
        did=cut(case.fault.did) if case.fault else "",
        why=cut(_why(case)),
        hint=cut(case.error.hint) if case.error else "",
        link=documentation(case.error.link) or "" if case.error else "",
    )


def _why(case: CaseResult) -> str:
    said = case.fault.why if case.fault else ""
    return f"Whose failure this is, is not known. {said}" if case.cause == "unknown" else said


def _spot(case: CaseResult, located: Located, cut: Callable[[str], str]) -> Spot:
    return Spot(
        module=cut(located.module),
        class_name=cut(located.class_name),
        path=located.path[-_PATH:],
        line=located.line,
        linked=any(one.inside and one.path == located.path for one in case.imported),
        operator=cut(located.operator),
        node=cut(located.node),
        torch_operator=cut(located.torch_operator),
        at=cut(located.at),
        absent=located.absent,
        bars=growth.bars(located.growth, cut),
        chart=growth.chart(located.growth),
    )


def _trace(case: CaseResult, limits: Limits) -> str:
    if case.error is None:
        return ""
    cut = _cutter(limits.text)
    frames = case.error.frames[: limits.frames]
    left = len(case.error.frames) - len(frames)
    lines = [cut(f"{case.error.type}: {case.error.message}".strip())]
    lines += [f"  {cut(case.error.operator)} could not be captured"] if case.error.operator else []
    lines += [f"  at {cut(frame)}" for frame in frames]
    lines += [f"  and {figures.counted(left, 'more frame')}"] if left and frames else []
    lines += [f"  given {cut(given)}" for given in case.error.inputs[: limits.frames]]
    return "\n".join(lines)
