"""Which files of a repository a file imports, and theirs in turn: the code a model really runs.

An `__init__` that only hands a name on is followed to where the name comes from, not to everything else it hands on.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from transformers_export.source import python
from transformers_export.source.modules import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from transformers_export.source.modules import Modules

_DEEP = 8
"""How many re-exports are followed: more is a circle."""
_INIT = "__init__.py"


class Imports:
    """The imports between the files of one tree, each file looked at once."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._direct: dict[str, tuple[str, ...]] = {}

    def closure(self, roots: Iterable[str]) -> dict[str, str]:
        """Every file that the roots import, each with one that imports it; the roots with themselves."""
        found: dict[str, str] = {}
        waiting = [(path, path) for path in roots]
        while waiting:
            path, importer = waiting.pop()
            if path not in found:
                found[path] = importer
                waiting += [(target, path) for target in self.direct(path)]
        return found

    def direct(self, path: str) -> tuple[str, ...]:
        """The files of the repository that one file imports, inside its functions too."""
        if path not in self._direct:
            source = self._modules.source(path)
            self._modules.module_of(path)  # learn of the source folder
            found = _targets(self._modules, source) if source else ()
            self._direct[path] = tuple(dict.fromkeys(item for item in found if not item.startswith(SHIPPED)))
        return self._direct[path]

    def packages(self, paths: Iterable[str]) -> frozenset[str]:
        """The `__init__` files that run before the given files do."""
        found: set[str] = set()
        for path in paths:
            folder = path.rpartition("/")[0]
            while folder:
                init = f"{folder}/{_INIT}"
                if init in found or not self._modules.tree.exists(init):
                    break
                found.add(init)
                folder = folder.rpartition("/")[0]
        return frozenset(found)


def _targets(modules: Modules, source: python.Source) -> Iterator[str]:
    for statement in source.body:
        for node in python.walk(statement):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield from _file(modules, alias.name)
            elif isinstance(node, ast.ImportFrom):
                module = modules.absolute(source.path, node.level, node.module or "")
                for alias in node.names:
                    yield from _file(modules, module) if alias.name == "*" else _origins(modules, module, alias.name)
            elif isinstance(node, ast.Call) and (python.dotted(node.func) or "").endswith("import_module"):
                written = python.text(node.args[0]) if node.args else None
                if written:
                    name = written.lstrip(".")
                    yield from _file(modules, modules.absolute(source.path, len(written) - len(name), name))


def _file(modules: Modules, module: str) -> Iterator[str]:
    path = modules.file_of(module) if module else None
    if path:
        yield path


def _origins(modules: Modules, module: str, name: str, depth: int = 0) -> Iterator[str]:
    """The files that `from module import name` leads to."""
    inner = modules.file_of(f"{module}.{name}" if module else name)
    path = modules.file_of(module) if module else None
    source = modules.source(path) if path else None
    if inner or path is None or source is None:
        yield from [inner] if inner else []
        return
    if not path.endswith(_INIT) or depth > _DEEP:
        yield path
        return
    handed_on = source.imports.get(name, ())
    for level, target in handed_on:
        above, _, last = modules.absolute(path, level, target).rpartition(".")
        yield from _origins(modules, above, last, depth + 1)
    if handed_on:
        return
    if name in source.classes or name in source.assigned or not (source.stars or _is_lazy(source)):
        yield path
        return
    for level, star in source.stars:
        yield from _origins(modules, modules.absolute(path, level, star), name, depth + 1)
    if _is_lazy(source):  # it may come from anywhere beside
        folder = path.removesuffix(_INIT)
        yield from (
            item for item in modules.tree.paths() if item.endswith(".py") and item.rpartition("/")[0] + "/" == folder
        )


def _is_lazy(source: python.Source) -> bool:
    return "_import_structure" in source.assigned or any(
        getattr(node, "name", "") == "__getattr__" for node in source.body
    )
