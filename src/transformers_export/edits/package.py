"""What a package hands on: `__all__` of a file; a package's `_import_structure` and its imports for type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from transformers_export.edits import imports
from transformers_export.edits.sequence import insert, items_of, place
from transformers_export.edits.source import CannotEdit, Source, Splice, assigned, parse, quote_of, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def add_to_all(content: bytes, name: str, *, beside: Sequence[str] = ()) -> bytes | CannotEdit:
    """Add a name to `__all__`.

    Args:
        content: the file.
        name: the name, which the file defines.
        beside: the other public names, which a new `__all__` must name too where the file has none.
    """
    source = parse(content)
    if isinstance(source, CannotEdit):
        return source
    values = [value for _, value in assigned(source, ("__all__",))]
    if not values:
        names = ", ".join(f'"{item}"' for item in dict.fromkeys((*beside, name)))
        end = "" if source.text.endswith(("\n", "\r")) else source.newline
        gap = end + 2 * source.newline
        at = len(source.text)
        return source.edited([Splice(at, at, f"{gap}__all__ = [{names}]{source.newline}")])
    if len(values) > 1 or not isinstance(values[0], (cst.List, cst.Tuple)):
        return CannotEdit("its __all__ is computed")
    added = _add_name(source, values[0], name)
    return added if isinstance(added, CannotEdit) else source.edited(added)


def add_to_import_structure(content: bytes, submodule: str, name: str) -> bytes | CannotEdit:
    """Add a name to `_import_structure` and to the imports beside it, in a package's `__init__`.

    Args:
        content: the `__init__`.
        submodule: the file the name is defined in, e.g. `configuration_albert`.
        name: the name.
    """
    source = parse(content)
    if isinstance(source, CannotEdit):
        return source
    for _, value in assigned(source, ("_import_structure",)):
        pairs = value.elements if isinstance(value, cst.Dict) else ()
        for pair in pairs:
            if isinstance(pair, cst.DictElement) and text_of(pair.key) == submodule:
                added = _add_name(source, pair.value, name)
                imported = imports.with_name(source, f".{submodule}", name) or []
                return added if isinstance(added, CannotEdit) else source.edited([*added, *imported])
    return CannotEdit(f"its _import_structure has no {submodule}")


def _add_name(source: Source, value: cst.BaseExpression, name: str) -> list[Splice] | CannotEdit:
    if not isinstance(value, (cst.List, cst.Tuple)):
        return CannotEdit("the list of names is computed")
    known = [text for item in value.elements if (text := text_of(item.value)) is not None]
    if len(known) != len(value.elements):
        return CannotEdit("a name in the list is computed")
    if name in known:
        return CannotEdit(f"it has {name} already")
    quote = quote_of(value.elements[0].value) if known else '"'
    return insert(source, items_of(source, value), place(known, name), lambda margin, lines: f"{quote}{name}{quote}")
