"""Starts the project interpreter without running any code of the checked repository.

Worker side, the standard library alone. The tool runs `python -S -m transformers_export.cases.isolated_start PLACES
serve ...`. Without `-S`, Python itself imports `sitecustomize` from any folder on its path, and an editable install
puts the repository there. So we run what `site` does, but not those two imports, take the repository's folders off the
path, and refuse to import from them until `search_repository` is called: in the process of a case, inside its
namespaces.

What the installation itself wrote into site-packages (`.pth` files, packages) is trusted as far as it is.
"""

from __future__ import annotations

import importlib
import json
import os
import site
import sys
import sysconfig
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from importlib.machinery import ModuleSpec

_OURS = "transformers_export"


class _Repository:
    """Where the checked repository lies, and what its folders add to the path."""

    def __init__(self) -> None:
        self.folders: tuple[str, ...] = ()
        self.first: tuple[str, ...] = ()
        """Folders that a case searches before everything but our own package."""
        self.installed: tuple[str, ...] = ()
        """Folders of the interpreter. One may lie inside the repository (`.venv`), or the repository inside one."""
        self.path: list[str] = []
        """`sys.path` as a case has it; empty before `begin`, where nothing was taken off."""

    def holds(self, path: str) -> bool:
        """Whether a file belongs to the repository: of all folders that hold it, the innermost decides."""
        real = os.path.realpath(path)
        return (inner := _innermost(real, self.folders)) > 0 and inner >= _innermost(real, self.installed)

    def provides(self, spec: ModuleSpec) -> bool:
        """Whether what an import found is the repository's."""
        if spec.name.partition(".")[0] == _OURS:
            return False
        places = [spec.origin] if spec.has_location and spec.origin else [*(spec.submodule_search_locations or ())]
        return bool(places) and all(self.holds(place) for place in places)


class _Guard:
    """A finder of modules that finds none in the repository."""

    def __init__(self, finder: Any, refused: Callable[[ModuleSpec], bool]) -> None:
        self.finder = finder
        self.refused = refused

    def find_spec(self, *arguments: Any) -> ModuleSpec | None:
        """Return what the finder finds, if that is installed."""
        find = getattr(self.finder, "find_spec", None)
        spec: ModuleSpec | None = find(*arguments) if find else None
        return None if spec is None or self.refused(spec) else spec

    def __getattr__(self, name: str) -> Any:
        return getattr(self.finder, name)


_repository = _Repository()


def begin(folders: Sequence[str], first: Sequence[str]) -> None:
    """Make everything that is installed importable, and nothing of the repository.

    Args:
        folders: The folders of the repository: its root, and where else its code was laid out.
        first: Folders that a case searches before everything but our own package.
    """
    _repository.folders = tuple(os.path.realpath(folder) for folder in (*folders, *first))
    environment = os.path.dirname(os.path.dirname(sys.executable))  # noqa: PTH120 - sys.prefix knows it after site.main
    _repository.installed = _real((sys.prefix, sys.base_prefix, environment))
    _guard_all()
    site.execsitecustomize = site.execusercustomize = lambda: None
    site.main()
    user = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    _repository.installed = _real((*_repository.installed, sys.prefix, *sysconfig.get_paths().values(), *user))
    _guard_all()
    ours, *rest = sys.path
    _repository.first = tuple(first)
    _repository.path = [ours, *first, *rest]
    sys.path[:] = [ours, *(entry for entry in rest if not _repository.holds(entry))]


def search_repository() -> None:
    """Let imports find the repository from now on, as if Python had been started the usual way."""
    if not _repository.path:
        return
    sys.meta_path[:] = [finder.finder if isinstance(finder, _Guard) else finder for finder in sys.meta_path]
    added = [entry for entry in sys.path if entry not in _repository.path]
    sys.path[:] = [*_repository.path, *added]
    os.environ["PYTHONPATH"] = os.pathsep.join([_repository.path[0], *_repository.first])
    importlib.invalidate_caches()
    _repository.path = []


def case_path() -> list[str]:
    """Return the folders that a case searches for modules, in order."""
    return _repository.path or sys.path


def comes_from_repository(module: str) -> bool:
    """Whether a case would import this top-level module from the repository. Runs none of it."""
    searched = sys.path[:]
    sys.path[:] = case_path()
    try:
        for finder in [f.finder if isinstance(f, _Guard) else f for f in sys.meta_path]:
            find = getattr(finder, "find_spec", None)
            if find is not None and (spec := find(module, None)):
                return _repository.provides(spec)
    finally:
        sys.path[:] = searched
    return False


def _guard_all() -> None:
    sys.meta_path[:] = [
        finder if isinstance(finder, _Guard) else _Guard(finder, _repository.provides) for finder in sys.meta_path
    ]


def _real(folders: Iterable[str]) -> tuple[str, ...]:
    return tuple({os.path.realpath(folder) for folder in folders if folder})


def _innermost(path: str, folders: Iterable[str]) -> int:
    """Length of the longest of the folders that hold `path`; 0 where none does."""
    return max((len(folder) for folder in folders if path == folder or path.startswith(folder + os.sep)), default=0)


def main(argv: list[str]) -> int:
    """Prepare the interpreter, then be the server or say what is installed."""
    places, program, *arguments = argv
    told: dict[str, list[str]] = json.loads(places)
    begin(told["folders"], told["first"])
    run = importlib.import_module(f"transformers_export.cases.{program}").main
    return int(run(arguments))


if __name__ == "__main__":
    # By its name: what is run with `-m` is another module than the one that the server imports.
    from transformers_export.cases import isolated_start

    raise SystemExit(isolated_start.main(sys.argv[1:]))
