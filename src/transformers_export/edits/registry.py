"""The features registry: an entry more, an entry or a feature less, a key spelled another way.

All forms that are read are written: the dictionary of transformers 4 (`_SUPPORTED_MODEL_TYPE`, `_SUPPORTED_MODEL_KIND`)
with `supported_features_mapping(...)` or plain dictionaries inside, classes named by strings or imported, and calls
of `FeaturesManager.register`. A new entry takes the form of its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst
from libcst import matchers as m

from transformers_export.edits import imports
from transformers_export.edits.sequence import Items, insert, items_of, place, remove
from transformers_export.edits.source import CannotEdit, Source, Splice, assigned, dotted, parse, quote_of, text_of
from transformers_export.source.registry import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

_REGISTER = "FeaturesManager.register"
_HOME = "transformers_export.onnx"
_COMPUTED = "the registry holds an entry in an unknown form"


@dataclass(frozen=True)
class NewEntry:
    """What to register."""

    key: str
    features: tuple[str, ...]
    """In the order they are to be written."""
    onnx_config: str
    """Absolute dotted name of the class, e.g. `transformers.models.albert.AlbertOnnxConfig`."""


@dataclass(frozen=True)
class _Entry:
    """One entry as it stands in the file."""

    key: str
    key_node: cst.BaseExpression
    value: cst.Call | cst.Dict
    """`supported_features_mapping(...)`, the call of `register`, or the dictionary of the oldest form."""

    @property
    def features(self) -> list[tuple[str | None, cst.CSTNode]]:
        """Each with the item it is; None for one that is no string."""
        if isinstance(self.value, cst.Dict):
            return [(text_of(getattr(item, "key", None)), item) for item in self.value.elements]
        names = [item for item in self.value.args if item.keyword is None]
        return [
            (text_of(item.value) if not item.star else None, item) for item in names if item.value is not self.key_node
        ]


def add_entry(content: bytes, entry: NewEntry, *, module: str) -> bytes | CannotEdit:
    """Register a model type.

    Args:
        content: the registry file.
        entry: what to register; a key that is registered already is refused.
        module: the dotted name of the file, e.g. `transformers.onnx.features`: what relative imports start from.
    """
    source = parse(content)
    if isinstance(source, CannotEdit):
        return source
    table = _table(source)
    entries = _entries(source, table)
    if entry.key in [item.key for item in entries]:
        return CannotEdit(f'"{entry.key}" is registered already')
    if table is not None and len(table.elements) != len(entries):
        return CannotEdit(_COMPUTED)
    if table is None:
        splices = _add_call(source, entries, entry, module)
    else:
        splices = _add_to_table(source, table, entries, entry, module)
    return splices if isinstance(splices, CannotEdit) else source.edited(splices)


def remove_entry(content: bytes, key: str) -> bytes | CannotEdit:
    """Take out the last of the entries of a key that is registered several times."""
    source = parse(content)
    if isinstance(source, CannotEdit):
        return source
    table = _table(source)
    entries = _entries(source, table)
    found = [index for index, entry in enumerate(entries) if entry.key == key]
    if len(found) < 2:
        return CannotEdit(f'"{key}" is not registered twice')
    if table is not None and len(table.elements) != len(entries):
        return CannotEdit(_COMPUTED)
    if table is not None:
        return source.edited([remove(source, items_of(source, table), found[-1])])
    start, end = source.span(entries[found[-1]].value)
    if not source.begins_line(start) or source.text[end : source.after_line(end)].strip():
        return CannotEdit("the line of the second call holds something else too")
    return source.edited([Splice(source.line_start(start), source.after_line(end), "")])


def remove_feature(content: bytes, key: str, feature: str) -> bytes | CannotEdit:
    """Leave a feature that an entry names several times only where it is named first."""
    source = parse(content)
    if isinstance(source, CannotEdit):
        return source
    for entry in _entries(source, _table(source)):
        found = [index for index, (name, _) in enumerate(entry.features) if name == feature]
        if entry.key != key or len(found) < 2:
            continue
        items = items_of(source, entry.value)
        offset = next(at for at, span in enumerate(items.spans) if span == source.span(entry.features[0][1]))
        return source.edited([remove(source, items, offset + found[-1])])
    return CannotEdit(f'"{key}" does not write {feature} out twice')


def rename_key(content: bytes, old: str, new: str) -> bytes | CannotEdit:
    """Spell the key of an entry another way."""
    source = parse(content)
    if isinstance(source, CannotEdit):
        return source
    found = [entry for entry in _entries(source, _table(source)) if entry.key == old]
    if len(found) != 1:
        return CannotEdit(f'"{old}" is not registered once')
    quote = quote_of(found[0].key_node)
    return source.edited([Splice(*source.span(found[0].key_node), f"{quote}{new}{quote}")])


def _table(source: Source) -> cst.Dict | None:
    """The dictionary new entries go into: the first that has any."""
    tables = [value for _, value in assigned(source, TABLES) if isinstance(value, cst.Dict)]
    return next((table for table in tables if table.elements), tables[0] if tables else None)


def _entries(source: Source, table: cst.Dict | None) -> list[_Entry]:
    """Entries in order; of calls of `register` those that stand side by side with the first."""
    if table is not None:
        pairs = [item for item in table.elements if isinstance(item, cst.DictElement)]
        return [
            _Entry(text_of(item.key) or "", item.key, item.value)
            for item in pairs
            if isinstance(item.value, (cst.Call, cst.Dict))
        ]
    calls = m.findall(source.module, m.Expr(m.Call(func=m.Attribute(attr=m.Name("register")))))
    found: list[_Entry] = []
    for node in calls:
        call = cst.ensure_type(cst.ensure_type(node, cst.Expr).value, cst.Call)
        key = text_of(call.args[0].value) if call.args else None
        if key and any(item.keyword and item.keyword.value == "onnx_config" for item in call.args):
            found.append(_Entry(key.replace("_", "-").lower(), call.args[0].value, call))
    margins = [source.margin(source.span(entry.value)[0]) for entry in found]
    best = min(margins, key=len, default="")
    return [entry for entry, margin in zip(found, margins, strict=True) if margin == best]


def _add_to_table(
    source: Source, table: cst.Dict, entries: list[_Entry], entry: NewEntry, module: str
) -> list[Splice] | CannotEdit:
    index = place([item.key for item in entries], entry.key)
    plain = bool(entries) and all(isinstance(item.value, cst.Dict) for item in entries)
    quote = quote_of(entries[0].key_node) if entries else '"'
    if plain:
        built = _plain_value(source, entries, entry, quote)
        if isinstance(built, CannotEdit):
            return built
        arguments, brackets, sibling = built
    else:
        calls = [item.value for item in entries if isinstance(item.value, cst.Call)]
        sibling = _class_name(calls)
        shown = entry.onnx_config.rpartition(".")[2] if sibling else _quoted(entry.onnx_config.partition(".")[2], quote)
        function = (dotted(calls[0].func) or "") if calls else "supported_features_mapping"
        arguments = [_quoted(feature, quote) for feature in entry.features]
        arguments.append(f"onnx_config_cls={shown}")
        brackets = (f"{function}(", ")")
    items = items_of(source, table)
    short = _mostly_short(source, items, [item.value for item in entries])
    head = f"{_quoted(entry.key, quote)}: {brackets[0]}"
    splices = insert(
        source,
        items,
        index,
        lambda margin, lines: _written(source, head, arguments, brackets[1], margin if lines else None, short=short),
    )
    return _with_import(source, splices, sibling, entry, module)


def _plain_value(
    source: Source, entries: list[_Entry], entry: NewEntry, quote: str
) -> tuple[list[str], tuple[str, str], str | None] | CannotEdit:
    """`{"default": XOnnxConfig.default}`: the features that other entries have a constructor for."""
    constructors: dict[str, str] = {}
    sibling = None
    for item in entries:
        for pair in cst.ensure_type(item.value, cst.Dict).elements:
            built = pair.value if isinstance(pair, cst.DictElement) else None
            if isinstance(pair, cst.DictElement) and isinstance(built, cst.Attribute):
                constructors.setdefault(text_of(pair.key) or "", built.attr.value)
                sibling = sibling or dotted(built.value)
    name = entry.onnx_config.rpartition(".")[2]
    of_2021 = {"default-with-past": "with_past"} if "with_past" in constructors else {}
    named = dict.fromkeys(of_2021.get(feature, feature) for feature in entry.features)
    known = [feature for feature in named if feature in constructors]
    if not known or sibling is None or "." in sibling:
        return CannotEdit("no other entry shows how such a model is registered")
    return [f"{_quoted(item, quote)}: {name}.{constructors[item]}" for item in known], ("{", "}"), sibling


def _add_call(source: Source, entries: list[_Entry], entry: NewEntry, module: str) -> list[Splice] | CannotEdit:
    """A call of `register` among the others, or the file's first."""
    calls = [item.value for item in entries if isinstance(item.value, cst.Call)]
    sibling = _class_name(calls)
    quote = quote_of(entries[0].key_node) if entries else '"'
    shown = entry.onnx_config.rpartition(".")[2] if sibling else _quoted(entry.onnx_config, quote)
    arguments = [_quoted(name, quote) for name in (entry.key, *entry.features)] + [f"onnx_config={shown}"]
    function = (dotted(calls[0].func) or _REGISTER) if calls else _REGISTER
    spans = [source.span(call) for call in calls]
    margin = source.margin(spans[0][0]) if spans else ""
    short = bool(spans) and not any("\n" in source.text[start:end] for start, end in spans)
    statement = margin + _written(source, f"{function}(", arguments, ")", margin, short=short)
    if not spans:
        return _first_call(source, statement)
    index = place([item.key for item in entries], entry.key)
    between = _blank_lines(source, spans)
    if index == 0:
        at = source.line_start(spans[0][0])
        while source.text[source.line_start(max(at - 1, 0)) : at].lstrip().startswith("#"):
            at = source.line_start(at - 1)
        splices = [Splice(at, at, statement + source.newline + between)]
    else:
        at = source.after_line(spans[index - 1][1])
        ended = source.text[:at].endswith(("\n", "\r"))
        text = between + statement + source.newline if ended else source.newline + between + statement
        splices = [Splice(at, at, text)]
    return _with_import(source, splices, sibling, entry, module)


def _first_call(source: Source, statement: str) -> list[Splice]:
    at = len(source.text)
    end = "" if source.text.endswith(("\n", "\r")) else source.newline
    call = Splice(at, at, f"{end}{source.newline}{statement}{source.newline}")
    known = "FeaturesManager" in imports.bound(source)
    return [call] if known else [*imports.add(source, f"from {_HOME} import FeaturesManager"), call]


def _blank_lines(source: Source, spans: list[tuple[int, int]]) -> str:
    """The empty lines that stand between two calls."""
    if len(spans) < 2:
        return ""
    between = source.text[source.after_line(spans[0][1]) : source.line_start(spans[1][0])]
    return between if not between.strip() else ""


def _with_import(
    source: Source, splices: list[Splice], sibling: str | None, entry: NewEntry, module: str
) -> list[Splice] | CannotEdit:
    if sibling is None:
        return splices
    imported = imports.like(source, sibling, entry.onnx_config, module)
    return imported if isinstance(imported, CannotEdit) else [*splices, *imported]


def _class_name(calls: Sequence[cst.Call]) -> str | None:
    """The class that entries name by itself rather than by a string: of one of them, where most do."""
    values = [
        item.value for call in calls for item in call.args if item.keyword and "onnx_config" in item.keyword.value
    ]
    names = [value.value for value in values if isinstance(value, cst.Name)]
    return names[-1] if 2 * len(names) > len(values) else None


def _mostly_short(source: Source, items: Items, values: Sequence[cst.BaseExpression]) -> bool:
    texts = [source.text[start:end] for start, end in map(source.span, values)]
    return 2 * sum("\n" not in text and "\r" not in text for text in texts) > len(texts)


def _written(source: Source, head: str, arguments: Sequence[str], tail: str, margin: str | None, *, short: bool) -> str:
    """On one line where the others are and it fits, or where there is no margin to begin lines with."""
    line = f"{head}{', '.join(arguments)}{tail}"
    if margin is None or (short and len(margin) + len(line) + 1 <= source.width):
        return line
    inner = margin + source.indent
    listed = "".join(f"{inner}{argument},{source.newline}" for argument in arguments)
    return f"{head}{source.newline}{listed}{margin}{tail}"


def _quoted(text: str, quote: str) -> str:
    return f"{quote}{text}{quote}"
