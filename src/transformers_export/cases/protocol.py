"""What the tool and the server in the project interpreter say to each other: JSON, one message a line.

Both sides import this file and they may run different Python versions with different packages, so it needs the standard
library alone. Who sends what when is told in `serve.py` (server) and `workers.py` (tool). Results do not travel through
these lines: a case's process writes them to a file, see `result_file`.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from transformers_export.cases.types import Case, Provider

if TYPE_CHECKING:
    from pathlib import Path

    from transformers_export.verdict.types import CaseResult

PROTOCOL_VERSION = 2
MAX_LINE_BYTES = 64 * 2**10
"""A line beyond this is no message of ours."""
SERVER_FOLDER = "server"
"""Beside the directories of cases: what the server writes in namespaces of a whole run."""
MAX_RESULT_BYTES = 2**20
"""A result file beyond this is not read."""


class ProtocolError(Exception):
    """A line or file that is no message of this protocol version; the message says what was expected."""


@dataclass(frozen=True)
class Hello:
    """Server: I run, and this is what is installed here. Sent before anything heavy or foreign is imported."""

    kind: ClassVar[str] = "hello"
    protocol: int
    can_fork: bool
    versions: dict[str, str] = field(default_factory=dict)
    """Distribution versions; what is not installed is absent. `python` is always there."""
    not_contained: str | None = None
    """What refused to give cases namespaces of their own (`contain.py`); None where they have them."""
    checkout: bool = False
    """Whether something that every case needs, transformers, is the checked repository's own."""


@dataclass(frozen=True)
class Ready:
    """Server: everything is imported, cases may come. `versions` are those the imported modules give themselves."""

    kind: ClassVar[str] = "ready"
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """Server: `module` could not be imported; I end now."""

    kind: ClassVar[str] = "problem"
    module: str
    message: str


@dataclass(frozen=True)
class Run:
    """Tool: run the case that lies in `directory`."""

    kind: ClassVar[str] = "run"
    id: int
    directory: str


@dataclass(frozen=True)
class Started:
    """Server: the case runs below process `pid`, which stays until the tool ends it and its whole family."""

    kind: ClassVar[str] = "started"
    id: int
    pid: int


@dataclass(frozen=True)
class Inside:
    """Keeper of a case, or the server: process `pid` is the first in new namespaces, and waits for `Go`.

    Nothing of the repository has run there. Of the server's own namespaces (`id` is None) this comes before `Ready`.
    """

    kind: ClassVar[str] = "inside"
    pid: int
    id: int | None = None


@dataclass(frozen=True)
class Go:
    """Tool: I have looked at the namespaces from outside; go on."""

    kind: ClassVar[str] = "go"
    id: int | None = None


@dataclass(frozen=True)
class Finished:
    """Keeper of a case: its process ended, by `exit_code` or by `signal`."""

    kind: ClassVar[str] = "finished"
    id: int
    exit_code: int | None = None
    signal: int | None = None


@dataclass(frozen=True)
class Gone:
    """Server: the keeper of a case ended. Before `Finished` it means that somebody else killed it."""

    kind: ClassVar[str] = "gone"
    id: int


Message = Hello | Ready | Problem | Run | Started | Inside | Go | Finished | Gone
_KINDS: dict[str, type[Any]] = {c.kind: c for c in (Hello, Ready, Problem, Run, Started, Inside, Go, Finished, Gone)}
_FITS = {
    "int": lambda value: type(value) is int,
    "int | None": lambda value: value is None or type(value) is int,
    "str | None": lambda value: value is None or type(value) is str,
    "bool": lambda value: type(value) is bool,
    "str": lambda value: type(value) is str,
    "dict[str, str]": lambda value: (
        type(value) is dict and all(type(k) is str and type(v) is str for k, v in value.items())
    ),
}


def to_line(message: Message) -> bytes:
    """Return the message as one line of ASCII JSON with its newline."""
    return json.dumps({"type": message.kind, **dataclasses.asdict(message)}).encode() + b"\n"


def from_line(line: bytes) -> Message:
    """Read one line.

    Raises:
        ProtocolError: too long, no JSON object, of an unknown type, or a field is missing, unknown or wrong.
    """
    if len(line) > MAX_LINE_BYTES:
        raise ProtocolError(f"Expected a line of at most {MAX_LINE_BYTES} bytes, got {len(line)}.")
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"Expected a line of JSON, got {line[:80]!r}.") from error
    message = _KINDS.get(str(content.pop("type", ""))) if isinstance(content, dict) else None
    if message is None:
        raise ProtocolError(f"Expected a message of type {', '.join(_KINDS)}, got {line[:80]!r}.")
    fields = {f.name: str(f.type) for f in dataclasses.fields(message)}
    wrong = [name for name, kind in fields.items() if name in content and not _FITS[kind](content[name])]
    if wrong or content.keys() - fields.keys():
        raise ProtocolError(f"Expected {fields} in `{message.kind}`, got {line[:200]!r}.")
    try:
        return message(**content)  # type: ignore[no-any-return]
    except TypeError as error:
        raise ProtocolError(f"Expected {fields} in `{message.kind}`, got {line[:200]!r}.") from error


def case_file(directory: Path) -> Path:
    """Where the tool writes the case and the worker reads it."""
    return directory / "case.json"


def result_file(directory: Path) -> Path:
    """Where the worker writes the result and the tool reads it."""
    return directory / "result.json"


def log_file(directory: Path) -> Path:
    """Where everything a case prints goes."""
    return directory / "log.txt"


def encode_case(case: Case) -> bytes:
    """Return the case as JSON."""
    return json.dumps(dataclasses.asdict(case)).encode()


def decode_case(data: bytes) -> Case:
    """Read what `encode_case` wrote. The tool wrote it, so only the shape is restored; nothing is validated."""
    content = json.loads(data)
    provider = content.pop("provider")
    return Case(provider=Provider(**provider | {"modules": tuple(provider["modules"])}), **content)


def encode_result(result: CaseResult) -> bytes:
    """Return the result as JSON. NaN and infinity, which JSON has not, become null."""
    return json.dumps(_finite(dataclasses.asdict(result)), allow_nan=False).encode()


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
