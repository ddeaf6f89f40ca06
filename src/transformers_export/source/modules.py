"""Files as modules: which dotted name a file has, and which file a dotted name leads to, imports followed.

A bare class name proves nothing (two classes named `OnnxConfig` are about), so every reader resolves names here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from transformers_export.source import python
from transformers_export.source.excerpt import Excerpts
from transformers_export.source.tree import read_file

if TYPE_CHECKING:
    from collections.abc import Collection

    from transformers_export.source.tree import Tree

Parsed = dict[tuple[str, bytes], python.Source]

SHIPPED = "<transformers-export>/"
"""Begins the path of a file of our own package: configurations of a package may derive from our ready-made ones."""
_ROOTS = "/onnx/config.py"
"""The end of the path of the base classes, of which most configurations need one."""
_DEEP = 8
"""How many re-exports are followed: more is a circle."""
_SHIPPED_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))  # noqa: PTH120 - of `transformers_export`


class Modules:
    """The Python files of one tree, each read and parsed at most once, on first use."""

    def __init__(self, tree: Tree, parsed: Parsed | None = None) -> None:
        self.tree = tree
        self.parsed: Parsed = {} if parsed is None else parsed
        self._sources: dict[str, python.Source | None] = {}
        self._excerpts: Excerpts | None = None
        self._parts: dict[tuple[str, str], python.Source | None] = {}
        self._whole: dict[str, bytes | None] = {}
        """The content of the files that parts are cut from, one copy for all parts."""
        self._packages: dict[str, bool] = {}
        self._files: dict[str, str | None] = {}
        self._prefixes: dict[str, None] = {"": None, "src/": None}

    def source(self, path: str) -> python.Source | None:
        """The parsed file, or None when there is no such file."""
        if path not in self._sources:
            self._sources[path] = self._parse(path)
        return self._sources[path]

    def _parse(self, path: str) -> python.Source | None:
        content = self._read(path)
        if content is None:
            return None
        key = (path, content)
        if key not in self.parsed:
            self.parsed[key] = python.parse(content, path)
        return self.parsed[key]

    def mentions(self, path: str, *texts: str) -> bool:
        """Whether all the texts stand in a file: what remains to be asked of one that is no valid Python."""
        content = self._read(path) or b""
        return all(text.encode() in content for text in texts)

    def part(self, path: str, name: str) -> python.Source | None:
        """What of a file is needed to read one class: of a large file an excerpt, else the parsed file."""
        if path in self._sources or not (path.rpartition("/")[2].startswith("modeling_") or path.endswith(_ROOTS)):
            return self.source(path)
        if (path, name) not in self._parts:
            if path not in self._whole:
                self._whole[path] = self._read(path)
            content = self._whole[path]
            self._parts[path, name] = self._cut(path, content, name) if content is not None else None
        return self._parts[path, name]

    def tables(self, path: str, wanted: Collection[str], key: str = "") -> python.Source | None:
        """A file of Auto classes, or of it what the wanted ones need: most of it is tables of others.

        With a registry key most rows of other model types are left out too.
        """
        content = self._read(path) if path not in self._sources else None
        if content is None:
            return self.source(path)
        place = (f"{path}:{key}:{' '.join(sorted(wanted))}", content)
        if place not in self.parsed:
            found = Excerpts(content, path).tables(wanted, key)
            if found is None:
                return self.source(path)
            self.parsed[place] = found
        return self.parsed[place]

    def _cut(self, path: str, content: bytes, name: str) -> python.Source | None:
        key = (f"{path}:{name}", content)
        if key not in self.parsed:
            if self._excerpts is None or self._excerpts.path != path:
                self._excerpts = Excerpts(content, path)  # of one file at a time: they are large
            found = self._excerpts.of(name)
            if found is None:
                return self.source(path)
            self.parsed[key] = found
        return self.parsed[key]

    def _read(self, path: str) -> bytes | None:
        if not path.startswith(SHIPPED):
            return self.tree.read(path)
        return read_file(os.path.join(_SHIPPED_ROOT, path.removeprefix(SHIPPED)))  # noqa: PTH118

    def module_of(self, path: str) -> str:
        """The dotted name a file is imported by: as far up as the folders are packages."""
        if path.startswith(SHIPPED):
            return path.removeprefix(SHIPPED).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        folder, _, name = path.rpartition("/")
        parts = [] if name == "__init__.py" else [name.removesuffix(".py")]
        while folder and self._is_package(folder):
            folder, _, name = folder.rpartition("/")
            parts.insert(0, name)
        if folder:
            self._prefixes[folder + "/"] = None
        return ".".join(parts)

    def _is_package(self, folder: str) -> bool:
        if folder not in self._packages:
            self._packages[folder] = self.tree.exists(folder + "/__init__.py")
        return self._packages[folder]

    def file_of(self, module: str) -> str | None:
        """The file of a dotted module, or None when it is not part of this repository (nor of our own package)."""
        if self._files.get(module) is None:  # a miss is not kept: module_of() may learn of a new source folder
            self._files[module] = self._find_file(module)
        return self._files[module]

    def _find_file(self, module: str) -> str | None:
        inner = module.replace(".", "/")
        for prefix in self._prefixes:
            for path in (f"{prefix}{inner}/__init__.py", f"{prefix}{inner}.py"):
                if self.tree.exists(path):
                    return path
        if module.partition(".")[0] == "transformers_export":
            for path in (f"{SHIPPED}{inner}.py", f"{SHIPPED}{inner}/__init__.py"):
                if self.source(path) is not None:
                    return path
        return None

    def absolute(self, path: str, level: int, name: str) -> str:
        """The absolute dotted name of what a file imports with `level` leading dots."""
        if not level:
            return name
        module = self.module_of(path).split(".")
        keep = len(module) - level + (1 if path.endswith("__init__.py") else 0)
        return ".".join([part for part in module[: max(keep, 0)] if part] + ([name] if name else []))

    def targets(self, source: python.Source, name: str) -> tuple[str, ...]:
        """What a name as written in a file stands for, as absolute dotted names; several after `try`/`except`."""
        head, _, rest = name.partition(".")
        if head in source.classes or head in source.others:
            return (".".join([part for part in (self.module_of(source.path), name) if part]),)
        found = (self.absolute(source.path, level, target) for level, target in source.imports.get(head, ()))
        return tuple(f"{target}.{rest}" if rest else target for target in found)

    def find_class(self, dotted: str, depth: int = 0) -> python.Class | None:
        """The class an absolute dotted name leads to, through re-exports, or None when it is not found here."""
        module, _, name = dotted.rpartition(".")
        path = self.file_of(module) if module else None
        source = self.part(path, name) if path else None
        if source is None or depth > _DEEP:
            return None
        if name in source.classes:
            return source.classes[name]
        for target in self.targets(source, name):
            found = self.find_class(target, depth + 1)
            if found:
                return found
        # Configuration files first: the rest are models, larger by far.
        for level, star in sorted(source.stars, key=lambda item: "configuration" not in item[1]):
            found = self.find_class(f"{self.absolute(source.path, level, star)}.{name}", depth + 1)
            if found:
                return found
        return None

    def dotted_of(self, item: python.Class) -> str:
        """The absolute dotted name of a class."""
        return ".".join(part for part in (self.module_of(item.path), item.name) if part)

    def owns(self, package: str) -> bool:
        """Whether a top-level package or module is part of this repository."""
        return self.file_of(package) is not None

    def is_open(self, module: str, name: str = "", depth: int = 0) -> bool:
        """Whether a module may hold names that reading it does not show, or else the one it imports by this name.

        It does with `__getattr__`, when it is no valid Python, and when it imports `*` from such a module or from one
        that is not here; a module that its own package lacks can be nowhere else.
        """
        path = self.file_of(module)
        source = self.source(path) if path else None
        if source is None or depth > _DEEP:
            return True
        if source.unread or any(getattr(node, "name", "") == "__getattr__" for node in source.body):
            return True
        stars = ((self.absolute(source.path, level, star), name) for level, star in source.stars)
        named = (target.rpartition(".")[::2] for target in self.targets(source, name) if name in source.imports)
        return any(self.is_open(each, inner, depth + 1) for each, inner in (*stars, *named) if not self._is_gone(each))

    def _is_gone(self, module: str) -> bool:
        """Whether a package of this repository has nothing by the module's name: no file, folder or extension."""
        parent, _, name = module.rpartition(".")
        init = self.file_of(parent) if parent else None
        if init is None or init.startswith(SHIPPED) or not init.endswith("/__init__.py") or self.file_of(module):
            return False
        beside = init.removesuffix("__init__.py") + name
        return not any(path.startswith((f"{beside}.", f"{beside}/")) for path in self.tree.paths())
