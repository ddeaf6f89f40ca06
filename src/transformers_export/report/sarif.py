"""A verdict as SARIF 2.1.0, which code scanning reads: findings at their lines, failed exports at their files.

Own small classes, as far as we use the format; their fields are the format's in snake case. Findings that are fixed are
left out, those that stood before are marked as such. What could not be checked is a notification: it has no place.
Texts are made visible, and brackets escaped where the format reads them as links.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

import msgspec

from transformers_export.report.words import case_name, is_red, what_happened
from transformers_export.verdict.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transformers_export.verdict.types import CaseResult, Finding, NotChecked, Verdict

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_MOST = 25_000
"""Results of one run that GitHub accepts."""
_LONGEST = 10_000
"""Characters of one text."""
_MOST_LINES = 2**31 - 1
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9._-]")
_RULES = {
    "failed": ("export-failed", "A model that does not export, or whose export computes something else."),
    "undecided": ("export-undecided", "An export that could not be decided: time, memory, or the environment."),
}

Level = Literal["error", "note"]


class _Part(msgspec.Struct, omit_defaults=True, rename="camel"):
    """A piece of the format: what is None is not written."""


class Message(_Part):
    """A plain text."""

    text: str


class ArtifactLocation(_Part):
    """A file, relative to the root of the repository."""

    uri: str
    uri_base_id: str


class Region(_Part):
    """Where in a file, counted from 1."""

    start_line: int
    start_column: int | None = None


class PhysicalLocation(_Part):
    """A place in a file."""

    artifact_location: ArtifactLocation
    region: Region


class Location(_Part):
    """A place."""

    physical_location: PhysicalLocation


class Rule(_Part):
    """What a result is an instance of."""

    id: str
    short_description: Message | None = None


class Result(_Part):
    """One remark."""

    rule_id: str
    level: Level
    message: Message
    locations: tuple[Location, ...]
    partial_fingerprints: dict[str, str]
    baseline_state: Literal["new", "unchanged"] | None = None


class Driver(_Part):
    """What made the run."""

    name: str
    semantic_version: str
    rules: tuple[Rule, ...]


class Tool(_Part):
    """What made the run, and its extensions, of which there are none."""

    driver: Driver


class Notification(_Part):
    """Something to say of the run itself."""

    level: Level
    message: Message


class Invocation(_Part):
    """One start of the tool."""

    execution_successful: bool
    tool_execution_notifications: tuple[Notification, ...]


class Run(_Part):
    """One run of one tool."""

    tool: Tool
    invocations: tuple[Invocation, ...]
    results: tuple[Result, ...]
    column_kind: str


class Log(_Part):
    """The whole document."""

    version: str
    runs: tuple[Run, ...]
    schema: str = msgspec.field(name="$schema")


def sarif(verdict: Verdict) -> bytes:
    """Return the document as UTF-8 JSON, errors before advice; what GitHub would refuse for its number is left out."""
    places = {affected.model_type: affected.path for affected in reversed(verdict.affected)}
    results = [
        *(_of_finding(f, compared=verdict.base is not None) for f in verdict.findings if f.status != "fixed"),
        *(_of_case(case, places.get(case.model_type)) for case in verdict.cases if case.outcome in _RULES),
    ]
    results.sort(key=lambda result: result.level != "error")
    run = Run(
        Tool(Driver(_text(verdict.tool.name), _text(verdict.tool.version), _rules(results))),
        (_invocation(verdict, left_out=max(0, len(results) - _MOST)),),
        tuple(results[:_MOST]),
        "unicodeCodePoints",
    )
    return msgspec.json.format(msgspec.json.encode(Log("2.1.0", (run,), _SCHEMA)), indent=2) + b"\n"


def _of_finding(finding: Finding, *, compared: bool) -> Result:
    rule = _name(finding.rule)
    return Result(
        rule,
        "error" if finding.severity == "error" else "note",
        _message(f"{finding.message} {finding.hint}".strip()),
        (_location(finding.path, finding.line, finding.column),),
        _fingerprint(rule, finding.path, finding.subject),
        None if not compared else "new" if finding.status == "new" else "unchanged",
    )


def _of_case(case: CaseResult, path: str | None) -> Result:
    rule, _ = _RULES[case.outcome]
    return Result(
        rule,
        "error",
        _message(f"{case_name(case)}: {what_happened(case)}"),
        (_location(path or "pyproject.toml", 1, None),),  # code scanning wants a place for everything
        _fingerprint(rule, case.model_type, case.feature, case.exporter),
    )


def _invocation(verdict: Verdict, left_out: int) -> Invocation:
    said = [_notification(item) for item in verdict.not_checked]
    if left_out:
        said.append(Notification("error", _message(f"{left_out} more results are in the verdict.")))
    if is_red(verdict) and not any(item.level == "error" for item in said):
        said.append(Notification("error", _message("The check failed.")))
    return Invocation(not any(item.blocking for item in verdict.not_checked), tuple(said))


def _notification(item: NotChecked) -> Notification:
    return Notification("error" if item.blocking else "note", _message(f"Not checked: {item.what}: {item.why}"))


def _rules(results: Iterable[Result]) -> tuple[Rule, ...]:
    ours = {name: Message(text) for name, text in _RULES.values()}
    return tuple(Rule(name, ours.get(name)) for name in dict.fromkeys(result.rule_id for result in results))


def _location(path: str, line: int, column: int | None) -> Location:
    place = Region(min(max(line, 1), _MOST_LINES), None if column is None else min(max(column, 1), _MOST_LINES))
    return Location(PhysicalLocation(ArtifactLocation(_uri(path), "%SRCROOT%"), place))


def _uri(path: str) -> str:
    """A relative reference: quoted, with nothing that would climb out of the repository or name another scheme."""
    inside = [part for part in path[:_LONGEST].split("/") if part not in ("", ".", "..")]
    return "/".join(quote(part.encode(errors="replace"), safe="") for part in inside) or "pyproject.toml"


def _fingerprint(*parts: str) -> dict[str, str]:
    """What identifies a result when its line has moved."""
    written = "\0".join(parts).encode(errors="replace")
    return {"transformersExport/v1": hashlib.sha256(written).hexdigest()}


def _name(text: str) -> str:
    return _NOT_A_NAME.sub("-", text)[:200] or "rule"


def _message(text: str) -> Message:
    """In a message `[text](target)` is a link: brackets are escaped, as the format says."""
    return Message(_text(text).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]") or "-")


def _text(text: str) -> str:
    return visible(text[:_LONGEST])
