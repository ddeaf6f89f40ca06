"""One check from changes to verdict: the only file that knows the whole way.

It decides nothing about rules, cases or reports; it hands what one part found to the next. Nothing heavy is imported
for a static check: the part that runs cases is loaded when there are cases to run.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from transformers_export import __version__
from transformers_export.changes import Changes, from_git, from_index, from_paths, map_line, resolve
from transformers_export.project import open_project, parse_memory
from transformers_export.source.tree import index, revision, working_tree
from transformers_export.verdict.disagree import disagreements
from transformers_export.verdict.types import CaseResult, NotChecked, Tool, Verdict, conclude

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transformers_export.cases.shards import Part
    from transformers_export.cases.types import Case, Plan
    from transformers_export.cases.workers import Outcome, Workers
    from transformers_export.fixing import Fixes
    from transformers_export.project import Project
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.source.tree import Tree
    from transformers_export.verdict.types import Finding

    Progress = Callable[[Case, CaseResult | None], None]
    Warn = Callable[[str], None]

MOST_JOBS = 8
"""Cases at once when nobody says: each takes a core and up to a gigabyte."""


@dataclass(frozen=True)
class Scope:
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


@dataclass(frozen=True)
class CheckOptions:
    """Everything a check is told. What is None is left to the settings of the repository, then to defaults."""

    root: Path
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
    changes, tree = _compared(options.root, options.scope)
    project = open_project(options.root, tree)
    head = project.snapshot(tree)
    base = project.base_snapshot(revision(options.root, changes.base), head) if changes.base is not None else None
    return Inspection(project, changes, head, base)


def make_plan(options: CheckOptions, inspection: Inspection) -> Plan:
    """Say what the check would export, and why."""
    from transformers_export.cases import plan

    return plan.make_plan(
        inspection.project,
        inspection.head,
        inspection.changes,
        base=inspection.base,
        exporter=options.exporter,
        opset=options.opset,
        atol=options.atol,
        timeout=options.timeout,
        memory_limit=parse_memory(options.memory_limit) if options.memory_limit else None,
        everything=_is_everything(options),
    )


def find_fixes(options: CheckOptions) -> Fixes:
    """Mend in memory what the check finds by reading.

    Raises:
        ChangesError, SettingsError: see `inspect`.
    """
    return _find_fixes(options, inspect(options))


def _find_fixes(options: CheckOptions, inspection: Inspection) -> Fixes:
    from transformers_export import fixing  # and with it, once there is something to mend, libcst

    return fixing.find_fixes(
        inspection.project,
        inspection.head,
        inspection.base,
        _changed(options, inspection),
        ignore=inspection.project.settings.ignore,
        strict=options.strict,
    )


def _changed(options: CheckOptions, inspection: Inspection) -> frozenset[str] | None:
    """The paths that are looked at; None for all."""
    return None if _is_everything(options) else inspection.changes.paths


def run_check(
    options: CheckOptions,
    progress: Progress = lambda case, result: None,
    warn: Warn = lambda message: None,
) -> Verdict:
    """Check a repository.

    Args:
        options: what to check, and how.
        progress: called with each case when it starts (None) and when it ends (its result).
        warn: called with sentences that belong to nobody's result, e.g. an untested version.

    Returns:
        The verdict. A project interpreter that cannot run cases is part of it: every case is undecided then.

    Raises:
        ChangesError, SettingsError: see `inspect`.
        ShardError: the part to run was cut from another plan.
    """
    inspection = inspect(options)
    from transformers_export.rules.catalog import find_all

    ignore = inspection.project.settings.ignore
    findings, not_checked = find_all(inspection.head, inspection.base, _changed(options, inspection), ignore=ignore)
    verdict = Verdict(
        tool=Tool("transformers-export", __version__),
        conclusion="failure",
        base=inspection.changes.base,
        head=options.scope.links_to or inspection.changes.head,
        findings=_at_head(options, inspection.changes, findings),
        not_checked=not_checked,
    )
    if options.fixes and findings:
        from transformers_export.fixing import as_diff

        verdict = replace(verdict, fix=as_diff(_find_fixes(options, inspection)))
    if not options.static:
        verdict = _with_cases(verdict, options, inspection, progress, warn)
    conclusion = conclude(
        verdict.findings,
        verdict.cases,
        verdict.not_checked,
        strict=options.strict,
        part=verdict.shard is not None,
    )
    verdict = replace(verdict, conclusion=conclusion)
    if options.baseline is None:
        return verdict
    from transformers_export.verdict.compare import with_baseline

    return with_baseline(verdict, options.baseline)


def project_python(root: Path, named: str | None) -> str:
    """Return the project interpreter: what is named (relative to the root when it is a path), else what fits.

    On a developer's machine that is our own; in the action, where we live in an environment of our own without torch,
    it is the `python` the workflow set up.
    """
    if named:
        return str(root / os.path.expanduser(named)) if os.sep in named or "/" in named else named  # noqa: PTH111
    import importlib.util  # not needed for a static check, which has a tenth of a second
    import shutil

    if importlib.util.find_spec("torch") is not None:
        return sys.executable
    return shutil.which("python") or sys.executable


def _with_cases(
    verdict: Verdict, options: CheckOptions, inspection: Inspection, progress: Progress, warn: Warn
) -> Verdict:
    plan = make_plan(options, inspection)
    verdict = replace(verdict, affected=plan.affected, not_checked=(*verdict.not_checked, *plan.not_checked))
    if options.shard is not None:
        from transformers_export.cases.shards import take

        plan, shard = take(plan, options.shard, inspection.changes.base, inspection.changes.head)
        verdict = replace(verdict, shard=shard)
    if not plan.cases:
        return verdict
    from transformers_export.cases.versions import EnvironmentProblem

    try:
        from transformers_export.cases.workers import Workers
        from transformers_export.checkout import checkout_of

        settings, root = inspection.project.settings, options.root
        with checkout_of(root, inspection.changes.head if options.scope.head is not None else None) as folder:
            workers = Workers(
                python=project_python(root, options.python or settings.python),
                jobs=options.jobs or settings.jobs or min(MOST_JOBS, os.cpu_count() or 1),
                search_path=tuple(folder / part for part in _source(inspection.project.layout)),
            )
            cases = tuple(_moved(case, folder, root=root) for case in plan.cases)
            outcome = _outcome(cases, workers, progress, options, inspection, folder)
            results = _looked_again(cases, outcome.results, workers, options, inspection)
    except ModuleNotFoundError as error:
        if error.name != "psutil":
            raise
        # Whoever lacks it has the core alone: name everything that cases need, not the first thing missing.
        install = f'{sys.executable} -m pip install "transformers-export[onnx]"'
        return _unable(verdict, plan, f"psutil is not installed here, and cases need it. Run: {install}")
    except EnvironmentProblem as problem:
        return _unable(verdict, plan, str(problem))
    for warning in outcome.warnings:
        warn(warning)
    return replace(
        verdict,
        cases=results,
        disagreements=disagreements(results),
        versions=outcome.versions,
        isolation=outcome.isolation,
    )


def _looked_again(
    cases: tuple[Case, ...],
    results: tuple[CaseResult, ...],
    workers: Workers,
    options: CheckOptions,
    inspection: Inspection,
) -> tuple[CaseResult, ...]:
    """Tell noise from fault, and whose fault it is. Loads nothing where nothing failed."""
    if not any(result.outcome == "failed" for result in results):
        return results
    from transformers_export.cases.again import Base, look_again
    from transformers_export.cases.plan import find_exportable

    base, commit = inspection.base, inspection.changes.base
    if base is None or commit is None:
        return look_again(cases, results, workers, None)
    exportable = find_exportable(inspection.project, base)
    place = partial(_moved, root=options.root)
    return look_again(
        cases, results, workers, Base(options.root, commit, exportable, place, _source(inspection.project.layout))
    )


def _source(layout: str) -> tuple[str, ...]:
    """Folders of the repository that cases find before the installed packages."""
    return ("src",) if layout.startswith("transformers") else ()


def _outcome(
    cases: tuple[Case, ...],
    workers: Workers,
    progress: Progress,
    options: CheckOptions,
    inspection: Inspection,
    folder: Path,
) -> Outcome:
    """Run the cases, or reuse what is known of them. Of an index it is not: cases run the working tree's code."""
    if options.cache is None or not inspection.project.settings.cache or options.scope.staged:
        from transformers_export.cases.workers import run_cases

        return run_cases(cases, workers, progress)
    from transformers_export.cases.cache import Cache
    from transformers_export.cases.reuse import Checked, run_or_reuse

    return run_or_reuse(cases, workers, progress, Cache(options.cache), Checked(inspection.head, folder))


def _moved(case: Case, folder: Path, *, root: Path) -> Case:
    """The case with its provider in `folder` instead of `root`."""
    if folder == root or not case.provider.folder:
        return case
    inside = os.path.relpath(case.provider.folder, root)
    return replace(case, provider=replace(case.provider, folder=os.path.normpath(folder / inside)))


def _unable(verdict: Verdict, plan: Plan, why: str) -> Verdict:
    """No case could run: say why once, and leave every case undecided, expected to fail or not."""
    reason = "The project's environment cannot run cases."
    cases = tuple(
        CaseResult(c.model_type, c.feature, c.target, c.exporter, "undecided", cause="environment", reason=reason)
        for c in plan.cases
    )
    missing = NotChecked("the project's environment", why, blocking=True)
    return replace(verdict, cases=cases, not_checked=(*verdict.not_checked, missing))


def _is_everything(options: CheckOptions) -> bool:
    return options.everything or (options.scope.base is None and not options.scope.named and not options.scope.staged)


def _compared(root: Path, scope: Scope) -> tuple[Changes, Tree]:
    """What changed, and the tree that holds the change."""
    if scope.staged:
        return _also(root, from_index(root), scope.named), working_tree(root) if scope.on_disk else index(root)
    if scope.head is not None:
        # What is committed, not what lies around: the steps before us may have built something in the checkout.
        head = resolve(root, scope.head)
        changes = from_git(root, scope.base, head) if scope.base is not None else Changes(None, head, ())
        return _also(root, changes, scope.named), revision(root, head)
    if scope.named:
        return from_paths(root, scope.named, scope.base), working_tree(root)
    if scope.base is None:
        return Changes(None, resolve(root, "HEAD"), ()), working_tree(root)
    changes = from_git(root, scope.base, meanwhile=_load_rules)
    return changes, working_tree(root, untracked=any(file.status == "added" for file in changes.files))


def _load_rules() -> None:
    """Import the rules while git works: each takes a tenth of a static check."""
    import transformers_export.rules.catalog  # noqa: F401


def _also(root: Path, changes: Changes, named: tuple[str, ...]) -> Changes:
    """Look at the named files too, changed or not."""
    more = tuple(file for file in from_paths(root, named).files if file.path not in changes.paths) if named else ()
    return replace(changes, files=(*changes.files, *more))


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
        else replace(
            finding,
            line=map_line(options.root, finding.path, finding.line, from_rev=read, to_rev=shown) or finding.line,
        )
        for finding in findings
    )
