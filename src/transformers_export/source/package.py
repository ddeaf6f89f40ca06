"""What a package hands on: how its `__init__` exports the names of a configuration file."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal

from transformers_export.source import python

if TYPE_CHECKING:
    from transformers_export.source.modules import Modules

How = Literal["all-list", "import-structure"]


def exports(modules: Modules, path: str) -> tuple[How, frozenset[str]] | None:
    """The names of a configuration file that its package exports, and what decides it.

    - `all-list`: the file's `__all__`, where the package's `__init__` uses `define_import_structure` or imports `*`.
    - `import-structure`: the package's `_import_structure` (transformers before 4.48).

    None where neither decides or the deciding list is computed: then nothing can be said.
    """
    folder, _, name = path.rpartition("/")
    init = modules.source(f"{folder}/__init__.py" if folder else "__init__.py")
    source = modules.source(path)
    if init is None or source is None:
        return None
    module = name.removesuffix(".py")
    if "_import_structure" in init.assigned and "define_import_structure" not in init.imports:
        names = _import_structure(init, module)
        return ("import-structure", names) if names is not None else None
    starred = any(level == 1 and star == module for level, star in init.stars)
    if "define_import_structure" not in init.imports and not starred:
        return None
    listed = source.exported
    if "define_import_structure" in init.imports and any(python.changes(source.body, "__all__")):
        return None  # it goes by the last line that begins with `__all__`, whatever Python would say
    if listed is not None:
        return "all-list", frozenset(listed)
    if "__all__" in source.assigned or "define_import_structure" not in init.imports:
        return None
    return "all-list", frozenset()  # define_import_structure hands on nothing of a file without __all__


def _import_structure(init: python.Source, module: str) -> frozenset[str] | None:
    found: set[str] = set()
    for table in init.assigned["_import_structure"]:
        if not isinstance(table, ast.Dict):
            return None
        for key, listed in zip(table.keys, table.values, strict=True):
            if python.text(key) == module:
                names = python.strings(listed, init)
                if names is None:
                    return None
                found.update(names)
    for change in python.changes(init.body, "_import_structure"):
        if change.key is None:
            return None
        if python.text(change.key) == module:
            given = change.one or change.many
            one = python.text(given)
            names = (one,) if one else python.strings(given, init) if given else None
            if names is None:
                return None
            found.update(names)
    return frozenset(found)
