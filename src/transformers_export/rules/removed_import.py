"""Rule `removed-import`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from transformers_export.rules.finding import at, of_node
from transformers_export.source import requirements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.fix import Fix
    from transformers_export.rules.scope import Scope
    from transformers_export.source.python import Source
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "removed-import"
_REMOVED = "transformers.onnx"
_INSTEAD = "transformers_export.onnx"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding]:
    """An import of `transformers.onnx`, which transformers 5 no longer has, in a project that allows transformers 5.

    Looked at are imports of configuration files and registries that run whenever the file is imported: not those under
    a condition, in a `try` or in a function. Which versions are allowed is read from the dependencies in
    pyproject.toml; a project that does not name transformers there is left alone.
    """
    if snapshot.owns(_REMOVED):
        return
    for path in (*scope.configurations(snapshot), *(each for each in snapshot.registries if scope.looks_at(each))):
        source = snapshot.source(path)
        for statement in source.body if source else ():
            if statement.col_offset or not _imports(snapshot, path, statement):
                continue
            allowed = requirements.allows(snapshot.tree, "transformers", 5)
            if allowed is None and snapshot.layout != "transformers-5":
                return
            if allowed or snapshot.layout == "transformers-5":
                yield at(
                    of_node(path, statement),
                    NAME,
                    _REMOVED,
                    "transformers.onnx is imported, which transformers 5 no longer has.",
                    "Import the same names from transformers_export.onnx, or require transformers<5.",
                )


def _imports(snapshot: Snapshot, path: str, statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Import):
        names = [alias.name for alias in statement.names]
    elif isinstance(statement, ast.ImportFrom):
        module = snapshot.absolute(path, statement.level, statement.module or "")
        names = [module, *(f"{module}.{alias.name}" for alias in statement.names)]
    else:
        return False
    return any(name == _REMOVED or name.startswith(_REMOVED + ".") for name in names)


def fix(snapshot: Snapshot, finding: Finding) -> Fix | None:
    """Imports the same names from `transformers_export.onnx`, where the project uses that already: it depends on
    transformers-export, or registers its models with it. A name that is not there is left to you.
    """
    known = requirements.allows(snapshot.tree, "transformers-export", 0) is not None
    if not (known or snapshot.layout == "package") or not _has_them_all(snapshot, finding.path):
        return None
    from transformers_export.edits import imports
    from transformers_export.rules.fix import Fix, Step

    step = Step(finding.path, lambda content: imports.replace_module(content, _REMOVED, _INSTEAD))
    return Fix(f"Import from {_INSTEAD} in {finding.path}.", (step,))


def _has_them_all(snapshot: Snapshot, path: str) -> bool:
    """Whether every name that a file imports from the old module is in the new one."""
    source = snapshot.source(path)
    for statement in source.body if source else ():
        if isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            module = statement.module
            if module != _REMOVED and not module.startswith(_REMOVED + "."):
                continue
            home = _INSTEAD + module.removeprefix(_REMOVED)
            found = snapshot.file_of(home)
            public = snapshot.source(found) if found else None
            names = {alias.name for alias in statement.names}
            if public is None or not names <= _names_in(public):
                return False
    return True


def _names_in(source: Source) -> set[str]:
    functions = {item.name for item in source.body if isinstance(item, ast.FunctionDef)}
    return {*source.classes, *functions, *source.assigned, *(source.exported or ())}
