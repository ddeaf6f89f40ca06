"""From how a case's process ended to the case's result. Decisions only: nothing here starts, reads or kills anything.

What a case's process wrote is data from code we do not trust: it is decoded against the types, bounded in size, and
its claim to have passed is held against its own checks.
"""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from transformers_export.cases.child import EXPORTER_MISSING, NOT_CONTAINED, OUT_OF_MEMORY
from transformers_export.cases.evidence import absurd_numbers, missing_evidence, with_tolerance_held
from transformers_export.cases.failure import MAX_FRAME, MAX_FRAMES, MAX_MESSAGE, shorten
from transformers_export.cases.hints import HINTS, OURS
from transformers_export.cases.protocol import MAX_RESULT_BYTES
from transformers_export.verdict.types import CaseError, CaseResult

if TYPE_CHECKING:
    from transformers_export.cases.types import Case
    from transformers_export.verdict.types import Located

MAX_LOG_TAIL = 1500
"""Characters of what a case printed last that go into an error's message."""
_MAX_ITEMS = 50
"""Checks and warnings of one case."""
_CRASH_FRAME = re.compile(r'^  File "(?P<path>.+)", line (?P<line>\d+) in (?P<function>.+)$', re.MULTILINE)
_CRASH_NOISE = re.compile(r"^Extension modules: .*$", re.MULTILINE)


@dataclass(frozen=True)
class Ending:
    """How a case's process ended, as the tool saw it."""

    exit_code: int | None = None
    signal: int | None = None
    """Number of the signal that ended it."""
    stopped: str = ""
    """Why the tool ended it, or why it could not run: a sentence. Empty when it ended by itself."""
    result: bytes | None = None
    """What it left as its result; None when it left none. At most one byte more than `MAX_RESULT_BYTES`."""
    log: str = ""
    """The end of what it printed."""
    seconds: float = 0.0
    peak_bytes: int | None = None


def settle(case: Case, ending: Ending) -> CaseResult:
    """Return the result of a case: what happened, held against what was expected to happen."""
    result = replace(_what_happened(case, ending), seconds=round(ending.seconds, 3), peak_bytes=ending.peak_bytes)
    return _as_expected(case, result)


def _as_expected(case: Case, result: CaseResult) -> CaseResult:
    if case.expected_failure is None:
        return result
    if result.outcome != "passed":
        return replace(result, outcome="expected-failure", reason=case.expected_failure)
    message = f"Expected to fail ({case.expected_failure}), but it passes. Remove it from `expected-failures`."
    return replace(result, outcome="failed", cause="change", error=CaseError("UnexpectedPass", message))


def _what_happened(case: Case, ending: Ending) -> CaseResult:
    if ending.stopped:
        return _undecided(case, ending.stopped)
    if ending.exit_code == OUT_OF_MEMORY:
        return _undecided(case, f"Past its memory limit of {case.memory_limit / 2**20:.0f} MiB.")
    if ending.exit_code == EXPORTER_MISSING:
        return _undecided(
            case,
            "The installed torch has no legacy exporter any more. Run: transformers-export check --exporter dynamo",
        )
    if ending.exit_code == NOT_CONTAINED:
        return _undecided(case, "The system refused the namespaces a case runs in, which it had given before.")
    if ending.signal == getattr(signal, "SIGKILL", 9):
        return _undecided(case, "Killed from outside, as the system does when it runs out of memory.")
    if ending.signal is not None:
        frames = tuple(f"{path}:{line} in {function}" for path, line, function in _CRASH_FRAME.findall(ending.log))
        return _failed(case, "Crash", f"The process was ended by {_signal_name(ending.signal)}.", ending.log, frames)
    if ending.exit_code != 0:
        return _failed(case, "Exit", f"The process ended with exit code {ending.exit_code}.", ending.log)
    if ending.result is None:
        return _failed(case, "NoResult", "The process ended without leaving a result.", ending.log)
    return _reported(case, ending.result)


def _reported(case: Case, data: bytes) -> CaseResult:
    """Read the worker's own result."""
    if len(data) > MAX_RESULT_BYTES:
        return _failed(case, "UnreadableResult", f"Expected a result of at most {MAX_RESULT_BYTES} bytes.")
    try:
        result = msgspec.json.decode(data, type=CaseResult)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _failed(case, "UnreadableResult", f"Expected a case result as JSON: {error}.")
    if absurd := absurd_numbers(result):
        return _failed(case, "UnreadableResult", absurd)
    exporter = result.exporter if case.exporter == "auto" and result.exporter in ("dynamo", "legacy") else case.exporter
    result = replace(result, model_type=case.model_type, feature=case.feature, target=case.target, exporter=exporter)
    return _bounded(with_tolerance_held(_believed(case, replace(result, cached=False))))


def _believed(case: Case, result: CaseResult) -> CaseResult:
    """Hold the claimed outcome against what the result shows: passed means that everything was compared and held."""
    if result.outcome not in ("passed", "failed"):
        return _failed(case, "UnreadableResult", f"Expected `passed` or `failed` as outcome, got `{result.outcome}`.")
    if result.outcome == "failed":
        return replace(result, cause=result.cause or "change")
    if lacking := missing_evidence(case, result):
        message = f"The case says it passed, and its result does not show it: {lacking}."
        return replace(result, outcome="failed", cause="change", error=CaseError("NotVerified", message))
    return replace(result, cause=None, error=None)


def _bounded(result: CaseResult) -> CaseResult:
    """Cut what is too long for a report."""
    error = result.error and CaseError(
        shorten(result.error.type, MAX_FRAME),
        shorten(result.error.message, MAX_MESSAGE),
        tuple(shorten(frame, MAX_FRAME) for frame in result.error.frames[:MAX_FRAMES]),
        tuple(shorten(given, MAX_FRAME) for given in result.error.inputs[:_MAX_ITEMS]),
        shorten(result.error.operator, MAX_FRAME),
        *known_hint(result.error.hint),
    )
    checks = tuple(
        replace(check, name=shorten(check.name, MAX_FRAME), detail=shorten(check.detail, MAX_MESSAGE))
        for check in result.checks[:_MAX_ITEMS]
    )
    warnings = tuple(shorten(warning, MAX_MESSAGE) for warning in result.warnings[:_MAX_ITEMS])
    return replace(
        result,
        error=error,
        located=result.located and _bounded_place(result.located),
        fault=None,  # the tool asks the base, a case cannot
        imported=tuple(
            replace(one, what=shorten(one.what, MAX_FRAME), path=shorten(one.path, MAX_FRAME))
            for one in result.imported[:_MAX_ITEMS]
        ),
        checks=checks,
        warnings=warnings,
        reason=shorten(result.reason, MAX_MESSAGE),
    )


def known_hint(advice: str) -> tuple[str, str]:
    """A hint and its link as our own table has them: a case can choose one, and not write one."""
    return next(((hint.advice, hint.link) for hint in (*HINTS, OURS) if hint.advice == advice), ("", ""))


def _bounded_place(located: Located) -> Located:
    texts = ("module", "class_name", "path", "operator", "node", "torch_operator", "at")
    growth = tuple(
        replace(one, module=shorten(one.module, MAX_FRAME), class_name=shorten(one.class_name, MAX_FRAME))
        for one in located.growth[:_MAX_ITEMS]
    )
    cut: dict[str, Any] = {name: shorten(getattr(located, name), MAX_FRAME) for name in texts}
    return replace(located, growth=growth, **cut)


def _undecided(case: Case, reason: str) -> CaseResult:
    return CaseResult(
        case.model_type, case.feature, case.target, case.exporter, "undecided", cause="environment", reason=reason
    )


def _failed(case: Case, kind: str, message: str, log: str = "", frames: tuple[str, ...] = ()) -> CaseResult:
    tail = _CRASH_NOISE.sub("", log).strip()[-MAX_LOG_TAIL:]
    error = CaseError(kind, f"{message} Printed last:\n{tail}" if tail else message, frames[:MAX_FRAMES])
    return CaseResult(case.model_type, case.feature, case.target, case.exporter, "failed", cause="change", error=error)


def _signal_name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
