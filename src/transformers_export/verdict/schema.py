"""The verdict's JSON: writing it, reading it back with validation, and its JSON schema.

The data itself is in `types.py`. A verdict that is read may come from another job or another machine, so nothing in it
is taken on trust: what does not fit the types is refused with one sentence that says what was expected and where.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from transformers_export.verdict.types import SCHEMA_VERSION, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 32 * 2**20
"""A verdict beyond this size is refused before it is parsed: 198 cases with full errors stay below 2 MB."""


MOST = 2**53
"""A larger whole number is no size or line of anything, and not every reader of JSON keeps it."""

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises for bytes that are no JSON, no UTF-8, or nested without end."""


class VerdictError(Exception):
    """The bytes are not a verdict this version can read; the message says what was expected and what came."""


class VersionError(VerdictError):
    """It is a verdict of another schema version. The message holds nothing else of it."""


@dataclass(frozen=True)
class _Header:
    """What is read first, before the rest is held against the types of one schema version."""

    schema_version: int


def encode(verdict: Verdict) -> bytes:
    """Return the verdict as indented UTF-8 JSON with a final newline.

    NaN and infinity become null, as JSON has neither.
    """
    return msgspec.json.format(msgspec.json.encode(verdict), indent=2) + b"\n"


def decode(data: bytes) -> Verdict:
    """Read a verdict.

    Raises:
        VerdictError: not JSON, another schema version, a field missing or of another type, or larger than `MAX_BYTES`.
    """
    if len(data) > MAX_BYTES:
        raise VerdictError(f"Expected a verdict of at most {MAX_BYTES} bytes, got {len(data)}.")
    try:
        version = msgspec.json.decode(data, type=_Header).schema_version
    except msgspec.ValidationError as error:
        raise VerdictError(
            f"Expected a verdict with a whole number as `schema_version` (here: {SCHEMA_VERSION}): {error}."
        ) from error
    except _UNREADABLE as error:
        raise VerdictError(f"Expected a verdict as JSON: {error}.") from error
    if version != SCHEMA_VERSION:
        raise VersionError(
            f"Expected schema version {SCHEMA_VERSION}, got {version}. "
            "Write and read a verdict with the same version of transformers-export."
        )
    try:
        verdict = msgspec.json.decode(data, type=Verdict)
    except _UNREADABLE as error:
        raise VerdictError(f"Expected a verdict of schema version {SCHEMA_VERSION}: {error}.") from error
    if any(abs(number) > MOST for number in _whole_numbers(verdict)):
        raise VerdictError(f"Expected whole numbers of at most {MOST}, got a larger one.")
    return verdict


def _whole_numbers(part: object) -> Iterator[int]:
    if type(part) is int:
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from _whole_numbers(item)
    elif is_dataclass(part):
        for field in fields(part):
            yield from _whole_numbers(getattr(part, field.name))


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a verdict (draft 2020-12), made from the types so that the two cannot drift apart."""
    (reference,), definitions = msgspec.json.schema_components([Verdict], ref_template="#/$defs/{name}")
    verdict = definitions["Verdict"]
    verdict["properties"]["schema_version"] = {"const": SCHEMA_VERSION}
    verdict["required"] = ["schema_version", *verdict["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Verdict of transformers-export, schema version {SCHEMA_VERSION}",
        **reference,
        "$defs": _without_habits(definitions),
    }


def _without_habits(part: Any) -> Any:
    """Leave out what only some versions of msgspec write: the default of an empty mapping, indents of docstrings."""
    if isinstance(part, list):
        return [_without_habits(item) for item in part]
    if not isinstance(part, dict):
        return part
    kept = {key: _without_habits(value) for key, value in part.items() if (key, value) != ("default", {})}
    if isinstance(text := kept.get("description"), str):
        kept["description"] = inspect.cleandoc(text)
    return kept


def schema_text() -> str:
    """Return the text of docs/verdict.schema.json."""
    return msgspec.json.format(msgspec.json.encode(json_schema()), indent=2).decode() + "\n"
