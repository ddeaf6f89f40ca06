"""The test matrix: a model more in one of its sets, or a model in another set."""

from __future__ import annotations

import libcst as cst

from transformers_export.edits import imports
from transformers_export.edits.sequence import insert, items_of, place, remove
from transformers_export.edits.source import CannotEdit, Source, Splice, assigned, dotted, parse, quote_of, text_of

_COLLECTIONS = (cst.Set, cst.List, cst.Tuple)


def add_entry(
    content: bytes,
    set_name: str,
    key: str,
    checkpoint: str,
    *,
    classes: tuple[str, str, str] | None = None,
    module: str = "",
) -> bytes | CannotEdit:
    """Test a model.

    Args:
        content: the matrix file.
        set_name: the set it goes into, e.g. `PYTORCH_EXPORT_MODELS`.
        key: the model type as the registry spells it; written in capitals where the others are.
        checkpoint: what the test loads.
        classes: absolute dotted names of the model, its configuration and its ONNX configuration, for the old matrices
            whose tuples name these too.
        module: the dotted name of the file, where relative imports start from.
    """
    source = parse(content)
    if isinstance(source, CannotEdit):
        return source
    values = [value for _, value in assigned(source, (set_name,))]
    if not values:
        return CannotEdit(f"there is no set {set_name}")
    value = values[0]
    every = [item for name, each in assigned(source) if name.endswith("_MODELS") for item in _tuples(each)]
    if any(_key(item) == key for item in _tuples(value)):
        return CannotEdit(f'{set_name} has "{key}" already')
    quote = quote_of(every[0].elements[0].value) if every else '"'
    upper = bool(every) and all((text_of(item.elements[0].value) or "").isupper() for item in every)
    written = [f"{quote}{key.upper() if upper else key}{quote}", f"{quote}{checkpoint}{quote}"]
    siblings = next(
        ([dotted(each.value) or "" for each in item.elements[2:]] for item in every if len(item.elements) == 5), []
    )
    if siblings:
        if classes is None:
            return CannotEdit("its tuples name classes")
        written += [name.rpartition(".")[2] for name in classes]
    added = _put_into(source, value, key, f"({', '.join(written)})")
    result = added if isinstance(added, CannotEdit) else source.edited(added)
    for sibling, name in zip(siblings, (classes or ()) if siblings else (), strict=True):
        result = result if isinstance(result, CannotEdit) else imports.add_like(result, sibling, name, module)
    return result


def move_entry(content: bytes, key: str, from_set: str, to_set: str) -> bytes | CannotEdit:
    """Put a model into another set, written as it was."""
    source = parse(content)
    if isinstance(source, CannotEdit):
        return source
    sets = dict(assigned(source, (from_set, to_set)))
    if len(sets) != 2:
        return CannotEdit(f"there is no set {to_set if from_set in sets else from_set}")
    found = [index for index, item in enumerate(_tuples(sets[from_set])) if _key(item) == key]
    left = sets[from_set]
    if len(found) != 1 or not isinstance(left, _COLLECTIONS):
        return CannotEdit(f'"{key}" does not stand in {from_set} once')
    items = items_of(source, left)
    start, end = items.spans[found[0]]
    added = _put_into(source, sets[to_set], key, source.text[start:end])
    if isinstance(added, CannotEdit):
        return added
    if len(items.spans) == 1 and isinstance(left, cst.Set):
        taken = Splice(*source.span(left), "{}")  # as upstream writes an empty set
    else:
        taken = remove(source, items, found[0])
    return source.edited([taken, *added])


def _put_into(source: Source, value: cst.BaseExpression, key: str, text: str) -> list[Splice] | CannotEdit:
    if isinstance(value, cst.Call) and dotted(value.func) == "set" and not value.args:
        start, end = source.span(value)
        margin = source.margin(start)
        line = f"{source.newline}{margin}{source.indent}{text},{source.newline}{margin}"
        return [Splice(start, end, "{" + line + "}")]
    if not isinstance(value, (*_COLLECTIONS, cst.Dict)) or len(_tuples(value)) != len(value.elements):
        return CannotEdit("the set is computed")
    return insert(
        source, items_of(source, value), place([_key(item) for item in _tuples(value)], key), lambda margin, lines: text
    )


def _tuples(value: cst.BaseExpression) -> list[cst.Tuple]:
    if not isinstance(value, _COLLECTIONS):
        return []
    return [item.value for item in value.elements if isinstance(item.value, cst.Tuple) and item.value.elements]


def _key(item: cst.Tuple) -> str:
    return (text_of(item.elements[0].value) or "").replace("_", "-").lower()
