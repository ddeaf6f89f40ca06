"""What a check is told, and what reading the repository gives: everything before a case runs.

A static check ends here. It is named tuples throughout, as making dataclasses takes longer than the check itself; the
verdict that other parts speak is made in `check.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from transformers_export.changes import Changes, from_git, from_index, from_paths, map_line, resolve
from transformers_export.project import open_project
from transformers_export.source.tree import before, index, revision, working_tree
from transformers_export.verdict.plain import Reading, conclude

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import StrPath

    from transformers_export.cases.shards import Part
    from transformers_export.project import Project
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.source.tree import Local, Tree
    from transformers_export.verdict.plain import Finding
    from transformers_export.verdict.types import Verdict


class Scope(NamedTuple):
    """What is compared with what."""

    base: str | None = "HEAD"
    """Revision to compare with; None to compare with nothing, when everything is checked and every finding is new."""
    head: str | None = None
    """Revision that is read from git, and whose code the cases run; None for the working tree."""
    staged: bool = False
    """Read the index and compare it with HEAD instead, as a hook on commit does."""
    on_disk: bool = False
    """With `staged`: read the working tree all the same, as a hook must that changes files."""
    named: tuple[str, ...] = ()
    """Files to treat as changed whatever git says."""
    links_to: str | None = None
    """The commit reports link to when it is not `head`: a workflow reads the merge of a pull request."""


class CheckOptions(NamedTuple):
    """Everything a check is told. What is None is left to the settings of the repository, then to defaults."""

    root: StrPath
    scope: Scope = Scope()
    static: bool = False
    """Rules only: no case is planned or run."""
    everything: bool = False
    """Check every model type, not only the affected ones."""
    strict: bool = False
    """Standing findings fail the check too."""
    fixes: bool = False
    """Say in the verdict what could be mended; nothing is written."""
    exporter: str | None = None
    python: str | None = None
    jobs: int | None = None
    opset: int | None = None
    atol: float | None = None
    timeout: float | None = None
    memory_limit: str | None = None
    shard: Part | None = None
    """Run this part of the plan alone."""
    cache: Path | None = None
    """Folder of earlier results; None exports everything anew."""
    baseline: Verdict | None = None
    """An earlier verdict to compare with."""


class Inspection(NamedTuple):
    """What reading the repository gave, before anything of it runs."""

    project: Project
    changes: Changes
    head: Snapshot
    base: Snapshot | None


def inspect(options: CheckOptions) -> Inspection:
    """Read the repository as the options say.

    Raises:
        ChangesError: what changed cannot be said; the message says what to do.
        SettingsError: the repository's settings cannot be used.
    """
    changes, tree, compared = _compared(options.root, options.scope)
    project = open_project(options.root, tree)
    head = project.snapshot(tree)
    base = project.base_snapshot(compared, head) if compared is not None else None
    return Inspection(project, changes, head, base)


def read(options: CheckOptions, inspection: Inspection) -> Reading:
    """Run the rules on what was read."""
    from transformers_export.rules.catalog import find_all

    ignore = inspection.project.settings.ignore
    findings, not_checked = find_all(inspection.head, inspection.base, changed(options, inspection), ignore=ignore)
    findings = _at_head(options, inspection.changes, findings)
    return Reading(conclude(findings, (), not_checked, strict=options.strict), findings, not_checked)


def changed(options: CheckOptions, inspection: Inspection) -> frozenset[str] | None:
    """The paths that are looked at; None for all."""
    return None if is_everything(options) else inspection.changes.paths


def is_everything(options: CheckOptions) -> bool:
    """Whether every model type is looked at, changed or not."""
    return options.everything or (options.scope.base is None and not options.scope.named and not options.scope.staged)


def _compared(root: StrPath, scope: Scope) -> tuple[Changes, Tree, Tree | None]:
    """What changed, the tree that holds the change, and the one it is compared with."""
    if scope.staged:
        changes = from_index(root, meanwhile=_load_rules)
        tree = working_tree(root) if scope.on_disk else index(root)
        return _also(root, changes, scope.named), tree, _base(changes, tree, complete=not scope.on_disk)
    if scope.head is not None:
        # What is committed, not what lies around: the steps before us may have built something in the checkout.
        head = resolve(root, scope.head)
        changes = from_git(root, scope.base, head) if scope.base is not None else Changes(None, head, ())
        base = revision(root, changes.base) if changes.base is not None else None
        return _also(root, changes, scope.named), revision(root, head), base
    if scope.named:
        changes, tree = from_paths(root, scope.named, scope.base), working_tree(root)
        return changes, tree, _base(changes, tree, complete=False)
    if scope.base is None:
        return Changes(None, resolve(root, "HEAD"), ()), working_tree(root), None
    changes = from_git(root, scope.base, meanwhile=_load_rules)
    tree = working_tree(root, untracked=any(file.status == "added" for file in changes.files))
    return changes, tree, _base(changes, tree, complete=True)


def _base(changes: Changes, tree: Local, *, complete: bool) -> Tree | None:
    """The tree before the changes; `complete` says that they are everything the two differ in."""
    if changes.base is None:
        return None
    return before(tree, changes.base, changes.paths) if complete else revision(tree.root, changes.base)


def _load_rules() -> None:
    """Import the rules while git works: each takes a tenth of a static check."""
    import transformers_export.rules.catalog  # noqa: F401


def _also(root: StrPath, changes: Changes, named: tuple[str, ...]) -> Changes:
    """Look at the named files too, changed or not."""
    more = tuple(file for file in from_paths(root, named).files if file.path not in changes.paths) if named else ()
    return changes._replace(files=(*changes.files, *more))


def _at_head(options: CheckOptions, changes: Changes, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Move findings from the lines of the commit that was read to those of the commit reports link to.

    A line that is not in that commit (another pull request brought it) keeps its number.
    """
    read, shown = changes.head, options.scope.links_to
    if read is None or shown is None or read == shown:
        return findings
    return tuple(
        finding
        if finding.status == "fixed"
        else finding._replace(
            line=map_line(options.root, finding.path, finding.line, from_rev=read, to_rev=shown) or finding.line,
        )
        for finding in findings
    )
