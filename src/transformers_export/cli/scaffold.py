"""`transformers-export scaffold`: writes an ONNX configuration for a model that has none, and all that goes with it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.cli.arguments import UsageError
from transformers_export.cli.files import rewrite
from transformers_export.cli.scope import project_root
from transformers_export.project import SettingsError, open_project
from transformers_export.source import tree
from transformers_export.source.git import GitError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from transformers_export.fixing import Fixes
    from transformers_export.project import Project
    from transformers_export.scaffold.decide import Decision


def run(options: Namespace) -> int:
    """Write the class and its entries, say what was decided and what was not. With `--diff` only show it.

    Raises:
        UsageError: there is nothing to write, or a file that cannot be written; then none is.
    """
    from transformers_export.scaffold.facts import CannotScaffoldError

    root = Path(project_root(os.getcwd()))  # noqa: PTH109
    try:
        files = tree.working_tree(root)
        project = open_project(root, files)
        path = _relative(root, options.path)
        decision, made = _scaffold(project, files, path, options.config_class)
    except (CannotScaffoldError, SettingsError, GitError) as error:
        raise UsageError(str(error)) from error
    if options.diff:
        _show(made)
    else:
        rewrite(root, made.files, made.before)
    said = "\n".join(_report(path, decision, made, written=not options.diff))
    print(said, file=sys.stderr if options.diff else sys.stdout)  # a diff alone can be applied
    return 0


def _relative(root: Path, given: str) -> str:
    """The file from the root of the repository.

    Raises:
        UsageError: it lies elsewhere, or is no Python file.
    """
    path = os.path.abspath(given)  # noqa: PTH100 - links stay what they are
    if not path.startswith(str(root) + os.sep):
        raise UsageError(f"{given} lies outside {root}: expected a configuration file of this repository.")
    if not path.endswith(".py") or not os.path.isfile(path):  # noqa: PTH113
        raise UsageError(
            f"{given}: expected the Python file of a model's configuration, such as configuration_bert.py."
        )
    return Path(path).relative_to(root).as_posix()


def _scaffold(project: Project, files: tree.Tree, path: str, class_name: str | None) -> tuple[Decision, Fixes]:
    from transformers_export.scaffold.decide import decide
    from transformers_export.scaffold.edit import edits
    from transformers_export.scaffold.reading import facts

    snapshot = project.snapshot(files)
    _require_layout(project)
    if not snapshot.is_configuration(path):
        raise UsageError(
            f"{path} is none of the repository's configuration files ({', '.join(snapshot.patterns)}). Name one, or "
            "say in [tool.transformers-export] configurations where they are."
        )
    known = facts(snapshot, path, class_name)
    decision = decide(known)
    return decision, edits(project, snapshot, path, known, decision)


def _require_layout(project: Project) -> None:
    if project.layout == "transformers-5":
        raise UsageError(
            "transformers 5 has no ONNX configurations any more: there is no registry to write an entry into. "
            "Write it in a package of your own that calls transformers_export.onnx.FeaturesManager.register."
        )
    if project.layout == "none":
        raise UsageError(
            "No features registry was found: expected src/transformers/onnx/features.py, a file with a call of "
            "FeaturesManager.register, or a config.json with auto_map. Start one: a file with the line `from "
            'transformers_export.onnx import FeaturesManager`, named in [tool.transformers-export] registry = "...".'
        )


def _report(path: str, decision: Decision, made: Fixes, *, written: bool) -> Iterator[str]:
    yield f"{decision.name}({decision.base}): {', '.join(decision.features)}"
    for what in made.what:
        yield f"{'done' if written else 'would do'}: {what}"
    for note in (*decision.notes, *made.notes):
        yield f"check this: {note}"
    if written:
        yield f"Next: transformers-export check {path}"


def _show(made: Fixes) -> None:
    from transformers_export.fixing import as_diff

    shown = as_diff(made)
    for file in shown.files if shown else ():
        sys.stdout.write(file.diff)
