"""A verdict as plain text for a terminal or a log. The report people read on a pull request is in `report/`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.verdict.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.verdict import plain
    from transformers_export.verdict.types import CaseResult, Finding, Fix, FixedFile, Located, NotChecked, Verdict


_MOST_LINES = 12
"""Lines of an error's message."""
_CONTINUED = "\n    | "


def lines(verdict: Verdict | plain.Reading, *, strict: bool = False, written: bool = False) -> Iterator[str]:
    """Yield the verdict's lines: findings, cases, what was not checked, what was mended, and the conclusion last.

    `written` says that what the verdict's fix holds is in the files already. Names and messages are a pull request's: a
    terminal must not obey the escape sequences in them, and a runner, which takes a line for a command that starts with
    `::` after any spaces, no line of them.
    """
    for line in _lines(verdict, strict=strict, written=written):
        yield _CONTINUED.join(("| " if part.startswith("::") else "") + _harmless(part) for part in line.split("\n"))


def _harmless(line: str) -> str:
    """Nothing hidden in it; tabs and an end of line as Windows has it stay, a diff would not apply without."""
    end = "\r" if line.endswith("\r") else ""
    return "\t".join(visible(part) for part in line.removesuffix("\r").split("\t")) + end


def _lines(verdict: Verdict | plain.Reading, *, strict: bool, written: bool) -> Iterator[str]:
    for finding in verdict.findings:
        yield from _finding(finding)
    if verdict.cases:
        yield from _table(verdict.cases)
        for case in verdict.cases:
            yield from _reasons(case)
    for apart in verdict.disagreements:
        yield f"the exporters disagree: {apart.model_type}/{apart.feature}: {apart.what}"
    for item in verdict.not_checked:
        yield from _not_checked(item)
    if verdict.fix:
        yield from _fix(verdict.fix, written=written)
    changed = _files(verdict.fix.files) if verdict.fix and written else ""
    yield _conclusion(verdict, strict=strict) + (f", changed {changed}" if changed else "")


def _finding(finding: Finding | plain.Finding) -> Iterator[str]:
    notes = [note for note in (finding.status, finding.severity) if note not in ("new", "error")]
    said = f" ({', '.join(notes)})" if notes else ""
    yield f"{finding.path}:{finding.line}:{finding.column} {finding.rule}{said} {finding.message}"
    if finding.status != "fixed" and finding.hint:
        yield f"    {finding.hint}"


def _table(cases: tuple[CaseResult, ...]) -> Iterator[str]:
    rows = [("model", "feature", "exporter", "outcome", "max difference", "opset", "nodes", "seconds")]
    rows += [
        (
            case.model_type,
            case.feature,
            case.exporter,
            case.outcome,
            _difference(case),
            _number(case.opset),
            _number(case.nodes),
            "cached" if case.cached else f"{case.seconds:.1f}",
        )
        for case in cases
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _difference(case: CaseResult) -> str:
    if case.max_difference is None:
        return "-"
    return f"{case.max_difference:.1e}" + (f" of {case.tolerance:.0e}" if case.tolerance is not None else "")


def _number(value: int | None) -> str:
    return "-" if value is None else str(value)


def _reasons(case: CaseResult) -> Iterator[str]:
    """Say why a case did not pass, and what it warned of."""
    name = f"{case.model_type}/{case.feature}/{case.exporter}"
    for warning in case.warnings:
        yield f"{name}: warning: {warning}"
    if case.outcome == "passed":
        return
    cause = f" ({case.cause})" if case.cause else ""
    yield f"{name}: {case.outcome}{cause}{': ' + case.reason if case.reason else ''}"
    for check in case.checks:
        if check.outcome in ("failed", "not-run"):
            yield f"    {check.name} {check.outcome}: {check.detail}"
    if case.located:
        yield from _place(case.located)
    if case.error:
        yield f"    {case.error.type}: {_first_lines(case.error.message)}"
        for frame in case.error.frames:
            yield f"      {frame}"
        for given in case.error.inputs:
            yield f"      given {given}"
        if case.error.hint:
            yield f"    hint: {case.error.hint} {case.error.link}".rstrip()
    if case.fault:
        yield f"    {f'this change {case.fault.did}. ' if case.fault.did else ''}{case.fault.why}"


def _first_lines(message: str) -> str:
    """The beginning of a message: an exporter's may be a whole graph. The verdict has more of it."""
    first = message.split("\n")
    left = len(first) - _MOST_LINES
    return (
        message if left < 1 else "\n".join([*first[:_MOST_LINES], f"[more in the verdict: --json FILE; {left} lines]"])
    )


def _place(located: Located) -> Iterator[str]:
    """Say where values begin to differ, and how far off each module is."""
    what = "the graph leaves out" if located.absent else "the values begin to differ in"
    operator = f", operator {located.operator} {located.node}" if located.operator else ""
    name = located.module or "the model itself"
    yield f"    {what} {name} ({located.class_name}), {located.path}:{located.line}{operator}, at {located.at}"
    for one in located.growth:
        difference, share = (
            "not finite" if value is None else f"{value:.1e}" for value in (one.max_difference, one.share)
        )
        yield f"      {one.module}: max |Δ| {difference}, {share} of the tolerance"


def _not_checked(item: NotChecked | plain.NotChecked) -> Iterator[str]:
    yield f"not checked{' (blocking)' if item.blocking else ''}: {item.what}: {item.why}"


def _fix(fix: Fix, *, written: bool) -> Iterator[str]:
    """What was mended, or the diff that would."""
    if not written:
        for file in fix.files:
            yield from file.diff.rstrip("\n").split("\n")
    for what in fix.what:
        yield f"{'fixed' if written else 'fix'}: {what}"
    for note in fix.notes:
        yield f"please look: {note}"


def _files(changed: tuple[FixedFile, ...]) -> str:
    names = ", ".join(file.path for file in changed)
    return f"{len(changed)} {'file' if len(changed) == 1 else 'files'} ({names})" if changed else ""


def _conclusion(verdict: Verdict | plain.Reading, *, strict: bool) -> str:
    counted = {"new", "standing"} if strict else {"new"}
    errors = sum(f.severity == "error" and f.status in counted for f in verdict.findings)
    parts = [f"{errors} {'finding' if errors == 1 else 'findings'}"]
    if verdict.cases:
        passed = sum(case.outcome == "passed" for case in verdict.cases)
        cached = sum(case.cached for case in verdict.cases)
        parts.append(f"{passed} of {len(verdict.cases)} cases verified{f', {cached} of them cached' if cached else ''}")
    if verdict.shard:
        parts.append(f"shard {verdict.shard.number} of {verdict.shard.total}")
    return f"{verdict.conclusion}: {', '.join(parts)}"
