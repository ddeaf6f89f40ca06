"""Rule `not-exported`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at
from transformers_export.rules.helpers import stands_alone
from transformers_export.source import package

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.fix import Fix
    from transformers_export.rules.scope import Scope
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "not-exported"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding]:
    """An ONNX configuration class that its package does not hand on: a registry entry cannot reach it by the package.

    What decides is `__all__` of the configuration file where the package uses `define_import_structure` or imports
    `*` from it, and `_import_structure` of the package in older trees. A package that does neither is not looked at.
    """
    for path in scope.configurations(snapshot):
        items = snapshot.onnx_classes(path)
        exported = package.exports(snapshot, path) if items else None
        if exported is None:
            continue
        how, names = exported
        folder, _, file = path.rpartition("/")
        where = (
            f"__all__ of {path}" if how == "all-list" else f'_import_structure["{file[:-3]}"] of {folder}/__init__.py'
        )
        for item in items:
            if item.name not in names and stands_alone(snapshot, item):
                yield at(item, NAME, item.name, f"{item.name} is missing from {where}.", f'Add "{item.name}" to it.')


def fix(snapshot: Snapshot, finding: Finding) -> Fix | None:
    """Adds the class to `__all__`, or to `_import_structure` and the imports for type checkers beside it. A file
    without `__all__` gets one that names its configuration too.
    """
    exported = package.exports(snapshot, finding.path)
    if exported is None:
        return None
    from transformers_export.edits import package as edits
    from transformers_export.rules.fix import Fix, Step

    name = finding.subject
    folder, _, file = finding.path.rpartition("/")
    if exported[0] == "import-structure":
        init = f"{folder}/__init__.py"
        step = Step(init, lambda content: edits.add_to_import_structure(content, file.removesuffix(".py"), name))
        return Fix(f"Export {name} in {init}.", (step,))
    beside = [item.class_name for item in snapshot.model_types(finding.path)]
    step = Step(finding.path, lambda content: edits.add_to_all(content, name, beside=beside))
    return Fix(f"Add {name} to __all__ of {finding.path}.", (step,))
