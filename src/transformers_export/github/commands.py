"""Commands to the runner of GitHub Actions: annotations, outputs, the job summary.

The only file that imports `actions_toolkit`, whose last release is of 2022: the job summary it lacks is written here.
What an annotation says is decided by the caller.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from actions_toolkit import core

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from transformers_export.github.annotation import Annotation

MAX_ANNOTATIONS = 10
"""GitHub shows ten annotations of a level for a step and drops the others in silence."""


def annotate(annotations: Iterable[Annotation]) -> None:
    """Write annotations, at most ten of a level; where there are more the tenth says how many."""
    by_level: dict[str, list[Annotation]] = {}
    for annotation in annotations:
        by_level.setdefault(annotation.level, []).append(annotation)
    for level, group_of_level in by_level.items():
        fits = len(group_of_level) <= MAX_ANNOTATIONS
        shown = group_of_level if fits else group_of_level[: MAX_ANNOTATIONS - 1]
        for annotation in shown:
            _command(level)(annotation.message, **_properties(annotation))
        if not fits:
            _command(level)(f"{len(group_of_level) - len(shown)} more are in the job summary.", title="And more")


def _command(level: str) -> Any:
    return {"error": core.error, "warning": core.warning, "notice": core.notice}[level]


def _properties(annotation: Annotation) -> dict[str, str | int]:
    properties: dict[str, str | int] = {"title": annotation.title}
    if annotation.path:
        properties["file"] = annotation.path
        if annotation.line:
            properties |= {"start_line": annotation.line, "end_line": annotation.line}
            if annotation.column:
                properties |= {"start_column": annotation.column, "end_column": annotation.column}
    return properties


def set_outputs(outputs: Mapping[str, str | int | bool]) -> None:
    """Set outputs of this step. Booleans become `true` and `false`."""
    for name, value in outputs.items():
        core.set_output(name, value)


def warn(message: str, *, title: str) -> None:
    """Say something on the run's page that does not fail it."""
    core.warning(message, title=title)


def note(message: str, *, title: str) -> None:
    """Say something on the run's page that is nobody's fault."""
    core.notice(message, title=title)


def write_summary(markdown: str, environ: Mapping[str, str]) -> bool:
    """Append to the job summary; False outside GitHub Actions. GitHub refuses all of it above one MiB."""
    path = environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return False
    with Path(path).open("a", encoding="utf-8", newline="\n") as file:
        file.write(markdown if markdown.endswith("\n") else markdown + "\n")
    return True
