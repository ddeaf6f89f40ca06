"""What a report shows of a verdict: counted, sorted, cut to a length. Decisions only; the words are the templates'.

Nothing here is escaped yet: every text leaves as plain `str`, which the templates escape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from transformers_export.report import comparison, figures
from transformers_export.report.exports import PATH, check_line, failure, row
from transformers_export.report.shown import Limits, Listed, Mending, Page
from transformers_export.report.words import count, cutter, exporter, facts, icon, local_command, sha
from transformers_export.verdict.types import Fix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from transformers_export.report.shown import Row
    from transformers_export.verdict.types import Finding, Verdict

T = TypeVar("T")
S = TypeVar("S")

_WORST_FIRST = ("failed", "undecided", "expected-failure", "passed")
_LONG_DIFF = 60
"""Lines of a diff from which it is folded."""


def page(verdict: Verdict, limits: Limits) -> Page:
    """Decide what a report of this length shows."""
    cut = cutter(limits.text)
    cases = sorted(verdict.cases, key=lambda case: _WORST_FIRST.index(case.outcome))
    rows = Listed(tuple(row(case, cut) for case in cases[: limits.rows]), max(0, len(cases) - limits.rows))
    unfolded = len([case for case in cases if case.outcome != "passed"]) if len(cases) > limits.fold else len(cases)
    return Page(
        icon=icon(verdict),
        passed=count(verdict.cases, "passed"),
        total=len(verdict.cases),
        facts=facts(verdict),
        new=_findings(verdict, "new", limits),
        standing=_findings(verdict, "standing", limits),
        fixed=_findings(verdict, "fixed", limits),
        exporter=cut(_common(exporter(case) for case in cases)),
        opset=_common(figures.count(case.opset) for case in cases),
        rows=_part(rows, 0, unfolded),
        folded=_part(rows, unfolded, len(cases)),
        mending=_mending(verdict, limits) if verdict.fix else None,
        failures=_list(cases, limits.failures, lambda c: failure(c, limits), lambda c: c.outcome in _WORST_FIRST[:2]),
        expected=_list(cases, limits.notes, lambda c: failure(c, limits), lambda c: c.outcome == "expected-failure"),
        warned=_list(cases, limits.notes, lambda c: failure(c, limits), lambda c: bool(c.warnings)),
        checks=_list(
            [(case, check) for case in cases for check in case.checks],
            limits.checks,
            lambda pair: check_line(*pair, cut),
        ),
        not_checked=_list(
            sorted(verdict.not_checked, key=lambda n: not n.blocking),
            limits.notes,
            lambda n: type(n)(cut(n.what), cut(n.why), n.blocking),
        ),
        affected=_list(
            verdict.affected, limits.notes, lambda a: type(a)(cut(a.model_type), a.path[-PATH:], cut(a.why))
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
        base=sha(verdict.base),
        head=sha(verdict.head),
    )


def _agreeing(verdict: Verdict) -> int:
    """How many exports both exporters were asked for and verified."""
    verified = [(c.model_type, c.feature) for c in verdict.cases if c.target == "onnx" and c.outcome == "passed"]
    apart = {(d.model_type, d.feature) for d in verdict.disagreements}
    return sum(verified.count(pair) > 1 and pair not in apart for pair in set(verified))


def _mending(verdict: Verdict, limits: Limits) -> Mending:
    cut = cutter(limits.text)
    fix = verdict.fix or Fix()
    shown: list[str] = []
    for file in fix.files:
        if sum(map(len, shown)) + len(file.diff) <= limits.diff:
            shown.append(file.diff if file.diff.endswith("\n") else f"{file.diff}\n")
    text = "".join(shown)
    base = sha(verdict.base)
    return Mending(
        what=_list(fix.what, limits.findings, cut),
        notes=_list(fix.notes, limits.notes, cut),
        diff=text,
        files=len(fix.files),
        left_out=len(fix.files) - len(shown),
        folded=text.count("\n") > _LONG_DIFF,
        command=" ".join(["transformers-export check --static --fix"] + ([f"--base {base}"] if base else [])),
    )


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
    cut = cutter(limits.text)
    chosen = sorted((f for f in verdict.findings if f.status == status), key=lambda f: f.severity != "error")
    return _list(
        chosen,
        limits.findings,
        lambda f: type(f)(
            cut(f.rule),
            f.severity,
            f.status,
            f.path[-PATH:],
            f.line,
            f.column,
            cut(f.subject),
            cut(f.message),
            cut(f.hint),
        ),
    )
