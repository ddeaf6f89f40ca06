"""Where the checked repository's own modules are, and that they are what was imported.

Worker side, the standard library alone. An interpreter in which an older version of the project is installed must not
lend its modules: the verdict would be about those.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers_export.cases.failure import shown_path
from transformers_export.verdict.types import Imported

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

    from transformers_export.cases.types import Case

_DEEPEST = 6
"""Folders between the repository's root and a package in it: `libraries/python/models/src` has four."""
_NOT_SOURCE = frozenset(("node_modules", "build", "dist", "site-packages", "__pycache__"))


def source_folders(folder: str, modules: Iterable[str]) -> list[str]:
    """Return the folders from which `modules` can be imported, below the repository's root `folder`.

    That is `src` or the root itself where a module is not found; importing it then says what is wrong.
    """
    usual = [name for name in (os.path.join(folder, "src"), folder) if os.path.isdir(name)]  # noqa: PTH112, PTH118
    found = [place for module in modules if (place := _place(folder, usual, module))]
    return list(dict.fromkeys(found or usual[:1]))


def foreign(folder: str, module: ModuleType) -> str:
    """Say where a module was imported from when that is not below `folder`, else nothing."""
    origin = getattr(module, "__file__", None)
    if origin is None:
        return f"Expected a file of {module.__name__} below {folder}, got a module without one."
    if Path(origin).resolve().is_relative_to(Path(folder).resolve()):
        return ""
    return (
        f"Expected {module.__name__} from {folder}, which is checked, but Python imports it from {origin}: uninstall "
        "that one, or install the checkout in its place."
    )


def imported_from(case: Case, model: Any, onnx_config: Any) -> tuple[Imported, ...]:
    """From which files a case's model, its configuration and its OnnxConfig come."""
    folder = case.provider.folder
    parts = {"model": type(model), "configuration": type(model.config), "OnnxConfig": type(onnx_config)}
    return tuple(_origin(what, kind, folder) for what, kind in parts.items())


def _origin(what: str, kind: type, folder: str) -> Imported:
    found = getattr(sys.modules.get(kind.__module__), "__file__", None) or ""
    path, root = Path(found).resolve(), Path(folder).resolve()
    if found and folder and path.is_relative_to(root) and not _NOT_SOURCE & set(path.relative_to(root).parts):
        return Imported(what, path.relative_to(root).as_posix(), inside=True)
    return Imported(what, shown_path(found) if found else "", inside=False)


def _place(folder: str, usual: list[str], module: str) -> str | None:
    """The folder a dotted module is imported from: the usual ones first, then the one least deep."""
    inner = module.replace(".", os.sep)
    for place in (*usual, *_below(folder)):
        base = Path(place, inner)
        if base.with_suffix(".py").is_file() or (base / "__init__.py").is_file():
            return place
    return None


def _below(folder: str) -> Iterator[str]:
    """Every folder below, level by level, that can hold source: nothing hidden, built or installed."""
    level = [folder]
    for _ in range(_DEEPEST):
        level = [below for above in level for below in _inside(above)]
        yield from level


def _inside(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []
    paths = [os.path.join(folder, name) for name in names if name not in _NOT_SOURCE and name[0] != "."]  # noqa: PTH118
    return [path for path in paths if not os.path.exists(os.path.join(path, "pyvenv.cfg"))]  # noqa: PTH110, PTH118
