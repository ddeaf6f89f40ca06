"""Verdicts made from the schema itself, so that a test of every field cannot forget a new one.

`full` has every field there is, every list one entry for each value an enumeration of its items allows; `text_fields`
names every text that comes from outside, and `with_text` puts something else there.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from transformers_export.verdict.schema import SCHEMA_VERSION, json_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Path = tuple[str, ...]
"""Keys from the verdict down; `[]` stands for every entry of a list, `{key}` for the keys of a mapping."""

_SCHEMA = json_schema()


def full(entries: int = 1) -> dict[str, Any]:
    """A verdict with everything in it, as JSON. `entries`: how often each variant of a list's items is there."""
    made: dict[str, Any] = _example(_SCHEMA, 0, entries)
    return {**made, "schema_version": SCHEMA_VERSION}


def text_fields() -> list[Path]:
    """Every text of a verdict that its types leave free."""
    return list(dict.fromkeys(_texts(_SCHEMA, ())))


def with_text(verdict: dict[str, Any], text: str, only: Path | None = None) -> dict[str, Any]:
    """A copy in which every free text, or the one field `only`, is `text`."""
    changed = copy.deepcopy(verdict)
    for path in [only] if only else text_fields():
        _put(changed, path, lambda old: text)
    return changed


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = _SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        (schema,) = (option for option in schema["anyOf"] if option.get("type") != "null")
        return _resolved(schema)
    return schema


def _example(schema: dict[str, Any], number: int, entries: int) -> Any:
    schema = _resolved(schema)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        values = [value for value in schema["enum"] if value is not None]
        return values[number % len(values)]
    kind = schema["type"]
    if kind == "object" and "properties" in schema:
        return {name: _example(its, number, entries) for name, its in schema["properties"].items()}
    if kind == "object":
        return {"name": _example(schema["additionalProperties"], number, entries)}
    if kind == "array":
        items = schema["items"]
        return [_example(items, one, 1) for _ in range(entries) for one in range(_variants(items))]
    return {"string": "x", "integer": 7, "number": 0.5, "boolean": True}[kind]


def _variants(schema: dict[str, Any]) -> int:
    properties = _resolved(schema).get("properties", {}).values()
    return max([1, *(len(_resolved(its).get("enum", ())) for its in properties)])


def _texts(schema: dict[str, Any], path: Path) -> Iterator[Path]:
    schema = _resolved(schema)
    if schema.get("type") == "string" and "enum" not in schema:
        yield path
    for name, its in schema.get("properties", {}).items():
        yield from _texts(its, (*path, name))
    if schema.get("type") == "array":
        yield from _texts(schema["items"], (*path, "[]"))
    if isinstance(schema.get("additionalProperties"), dict):
        yield (*path, "{key}")
        yield from _texts(schema["additionalProperties"], (*path, "{}"))


def _put(node: Any, path: Path, change: Callable[[str], str]) -> None:
    first, *rest = path
    if first == "{key}":
        for name in list(node):
            node[change(name)] = node.pop(name)
    elif first in ("[]", "{}"):
        for key in range(len(node)) if first == "[]" else list(node):
            node[key] = _changed(node[key], tuple(rest), change)
    elif first in node and node[first] is not None:
        node[first] = _changed(node[first], tuple(rest), change)


def _changed(value: Any, rest: Path, change: Callable[[str], str]) -> Any:
    if not rest:
        return change(value)
    _put(value, rest, change)
    return value
