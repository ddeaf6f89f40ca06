"""Which files of a repository decide the result of a case: its model's code, and whatever that may bring in.

Where reading cannot tell, more is taken than needed, up to the whole tree; where even that may not be all (code outside
of what git tracks), the case has no identity and is exported anew every time. What else decides is in `identity.py`.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import transformers_export
from transformers_export.cases.code import FOREIGN, is_model_code, roots_of
from transformers_export.source import modeling, python, registry
from transformers_export.source.imports import Imports
from transformers_export.source.modules import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from transformers_export.source.snapshot import Snapshot

_PROSE = (".md", ".rst")
"""Endings of files that no model reads. Every other file that is no Python counts as data for all models."""
_ASIDE = (".github/", ".git")
_MODELS = "src/transformers/models/"
_AUTO = _MODELS + "auto/"
_LIBRARY = "src/transformers/"
_OWN = ("configuration_", "modeling_", "modular_")
"""Beginnings of files of one model of transformers that others use only by importing them."""
_CODE_FROM_ANYWHERE = frozenset(
    ("spec_from_file_location", "SourceFileLoader", "run_path", "addsitedir", "load_source", "exec_module")
)
_ANY_CODE_OF_OURS = frozenset(("__import__", "exec", "eval", "run_module"))
_SEARCHED = frozenset(("sys.path", "sys.meta_path", "sys.path_hooks"))


class Content:
    """The files of one state of a repository, and which of them decide about a model type."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._imports = Imports(snapshot)
        self._doubts: dict[str, tuple[str, bool]] = {}
        self._folders: dict[str, str] = {}

    @cached_property
    def objects(self) -> dict[str, tuple[str, bool]]:
        """Every file: git's id of its content, and whether it is a plain file."""
        return {path: (entry.id, entry.is_file) for path, entry in self._snapshot.tree.objects().items()}

    def of(self, key: str) -> tuple[str, str]:
        """Return the digest of all that decides about a model type, or why there is none."""
        deciding, why = self._deciding(key)
        if why := why or self._strange(deciding):
            return "", why
        return _digest(f"{path}\0{self.objects[path][0]}" for path in sorted(deciding | self._data)), ""

    def _strange(self, deciding: set[str]) -> str:
        """What among these files, or beside them, git does not track as it is run."""
        for path in sorted(deciding):
            if not self.objects.get(path, ("", False))[1]:
                return f"{path} is no plain file that git tracks"
        folders = sorted({path.rpartition("/")[0] for path in deciding})
        return next(filter(None, map(self._compiled, folders)), "")

    def _compiled(self, folder: str) -> str:
        """A compiled module that lies in a folder unknown to git: Python takes it before a `.py` of that name."""
        if folder not in self._folders:
            place = Path(self._snapshot.tree.root) / folder
            names = sorted(file.name for file in place.iterdir()) if place.is_dir() else []
            built = [f"{folder}/{name}".lstrip("/") for name in names if name.endswith((".so", ".pyd"))]
            unknown = [path for path in built if path not in self.objects]
            self._folders[folder] = f"{unknown[0]} is compiled code that git does not track" if unknown else ""
        return self._folders[folder]

    def _deciding(self, key: str) -> tuple[set[str], str]:
        layout = self._snapshot.layout
        if layout.startswith("transformers"):
            return self._of_transformers(key), self._outside(())  # the library does import by name, and is taken whole
        if layout != "package":
            return set(self._python), self._elsewhere() or self._outside(self._python)
        found = self._of_package(key)
        if why := self._outside(found):
            return found, why
        if any(self._doubt(path)[1] for path in found):
            return set(self._python), self._outside(self._python)
        return found, ""

    def _elsewhere(self) -> str:
        """Whether a Hub folder takes code from another repository of the Hub: `auto_map` names it before a `--`."""
        named = b"--" in (self._snapshot.tree.read("config.json") or b"")
        return "config.json names code of another repository" if named else ""

    def _of_package(self, key: str) -> set[str]:
        """The model's code and all it imports, the packages around it, what registers it, and what acts on import."""
        found = set(self._imports.closure(roots_of(self._snapshot, key)))
        found |= self._registering
        return {path for path in found | self._imports.packages(found) if not path.startswith((SHIPPED, self._ours))}

    @cached_property
    def _ours(self) -> str:
        """Where our own package lies in the checked repository, when that is ours: it is in every key by itself."""
        package = Path(transformers_export.__file__).resolve().parent
        root = Path(self._snapshot.tree.root).resolve()
        return f"{package.relative_to(root).as_posix()}/" if package.is_relative_to(root) else SHIPPED

    @cached_property
    def _registering(self) -> frozenset[str]:
        first = (*self._snapshot.registries, *self._snapshot.auto_registrations)
        around = {*first, *self._imports.packages(first)}
        imported = self._imports.closure(first)
        return frozenset(around | {path for path in imported if self._acts(path)})

    def _acts(self, path: str) -> bool:
        """Whether importing a file may change something outside of it: then it decides about every model."""
        source = self._snapshot.source(path)
        return source is None or bool(source.unread) or any(self._does_more(source, node) for node in source.body)

    def _does_more(self, source: python.Source, node: ast.stmt) -> bool:
        """Whether a statement does more than define, import, name a value or register."""
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            return not all(isinstance(target, ast.Name) for target in targets)
        if isinstance(node, ast.Expr):
            constant = isinstance(node.value, ast.Constant)
            registers = registry.is_call(self._snapshot, source, node.value)
            return not (constant or registers or modeling.is_call(self._snapshot, source, node.value))
        defines = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Pass, ast.Raise)
        return not isinstance(node, defines)

    def _of_transformers(self, key: str) -> set[str]:
        """The library without the other models' own code, unless this model (or the library) imports it.

        Everything, where a model builds others by the Auto classes: which, only its configuration says.
        """
        library = {path for path in self._python if path.startswith(_LIBRARY)}
        shared = {path for path in library if not path.startswith(_MODELS) or path.startswith(_AUTO)}
        folders = {path.rpartition("/")[0] for path in self._snapshot.configurations if self._is_about(path, key)}
        if not folders:
            return library
        own = {path for path in library if path.rpartition("/")[0] in folders}
        taken = self._within_models(own)
        if any(
            target.startswith(_AUTO) for path in taken if not _is_foreign(path) for target in self._imports.direct(path)
        ):
            return library
        taken |= self._within_models(self._naming_models)
        return shared | {path for path in library if path in taken or not path.rpartition("/")[2].startswith(_OWN)}

    def _is_about(self, path: str, key: str) -> bool:
        return any(item.key == key for item in self._snapshot.model_types(path))

    @cached_property
    def _naming_models(self) -> set[str]:
        """Shared files that may import a model by name. The lazy tables of `__init__` import nothing by themselves."""
        named = self._snapshot.tree.search(["models."], f"{_LIBRARY}*.py")
        return {path for path in named if not path.startswith(_MODELS) and not path.endswith("__init__.py")}

    def _within_models(self, roots: Iterable[str]) -> set[str]:
        """What files import of the models' folders, and so on."""
        waiting, found = list(roots), set()
        while waiting:
            path = waiting.pop()
            if path in found or _is_foreign(path):
                continue
            found.add(path)
            waiting += [
                target
                for target in self._imports.direct(path)
                if target.startswith(_MODELS) and not target.startswith(_AUTO) and not target.endswith("__init__.py")
            ]
        return found

    @cached_property
    def _python(self) -> frozenset[str]:
        return frozenset(path for path in self.objects if path.endswith(".py"))

    @cached_property
    def _data(self) -> frozenset[str]:
        """Every file that is neither Python nor prose: any code may read it."""
        return frozenset(
            path for path in self.objects if not path.endswith((".py", *_PROSE)) and not path.startswith(_ASIDE)
        )

    def _outside(self, paths: Iterable[str]) -> str:
        """Why these files may run code that git does not track, or nothing."""
        linked = next((path for path in sorted(self._data) if not self.objects[path][1]), None)
        if linked is not None:
            return f"{linked} is a link or a submodule: what it leads to is not tracked here"
        return next(filter(None, (self._doubt(path)[0] for path in sorted(paths))), "")

    def _doubt(self, path: str) -> tuple[str, bool]:
        """Why a file may run code from outside, and whether it may run any code of the repository."""
        if path not in self._doubts:
            source = self._snapshot.source(path)
            if source is None or source.unread:
                self._doubts[path] = (f"{path} cannot be read", True)
            else:
                self._doubts[path] = next(self._untracked(source), ""), any(map(_is_dynamic, _nodes(source)))
        return self._doubts[path]

    def _untracked(self, source: python.Source) -> Iterator[str]:
        for node in _nodes(source):
            name = python.dotted(node) if isinstance(node, ast.Attribute) else getattr(node, "id", None)
            if isinstance(node, (ast.Name, ast.Attribute)) and name:
                if name in _SEARCHED or name.rpartition(".")[2] in _CODE_FROM_ANYWHERE:
                    yield f"{source.path} uses {name}, by which it may run code from anywhere"
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                named = [f"{getattr(node, 'module', '')}.{alias.name}" for alias in node.names]
                if taken := [
                    name for name in named if name in _SEARCHED or name.rpartition(".")[2] in _CODE_FROM_ANYWHERE
                ]:
                    yield f"{source.path} uses {taken[0]}, by which it may run code from anywhere"
                yield from self._unresolved(source, node)

    def _unresolved(self, source: python.Source, node: ast.Import | ast.ImportFrom) -> Iterator[str]:
        """Imports of the repository's own modules that lead to no file git tracks: compiled or generated ones."""
        modules = self._snapshot
        if isinstance(node, ast.Import):
            named = [(alias.name, "") for alias in node.names]
        else:
            module = modules.absolute(source.path, node.level, node.module or "")
            named = [(module, alias.name) for alias in node.names]
        for module, name in named:
            own = bool(getattr(node, "level", 0)) or modules.owns(module.partition(".")[0])
            if own and not module.startswith("transformers_export") and not self._leads_somewhere(module, name):
                yield f"{source.path} imports {module}{'.' + name if name else ''}, which git does not track"

    def _leads_somewhere(self, module: str, name: str) -> bool:
        inner = self._snapshot.file_of(f"{module}.{name}") if name and name != "*" else None
        path = inner or self._snapshot.file_of(module)
        if path is None or path not in self.objects:
            return False
        source = self._snapshot.source(path)
        if inner or not name or name == "*" or source is None or source.unread:
            return True
        return self._snapshot.is_open(module) or bool(source.stars) or name in _defined(source)


def _defined(source: python.Source) -> set[str]:
    functions = {node.name for node in source.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
    stored = {node.id for node in _nodes(source) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return functions | stored | {*source.classes, *source.imports, *source.assigned, "__version__", "__name__"}


def _nodes(source: python.Source) -> Iterator[ast.AST]:
    for statement in source.body:
        yield from ast.walk(statement)


def _is_dynamic(node: ast.AST) -> bool:
    """Whether code may import a module of the repository that no import statement names."""
    if isinstance(node, ast.ImportFrom):
        return any(alias.name == "import_module" and alias.asname for alias in node.names)
    if not isinstance(node, ast.Call):
        return False
    name = python.dotted(node.func) or ""
    if name.rpartition(".")[2] == "import_module":
        return not node.args or python.text(node.args[0]) is None
    return name in _ANY_CODE_OF_OURS or name.rpartition(".")[2] == "run_module"


def _is_foreign(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.startswith(FOREIGN) or (not is_model_code(path) and name.startswith(("convert_", "tokenization_")))


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()
