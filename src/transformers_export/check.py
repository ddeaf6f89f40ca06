"""One check from changes to verdict: the only file that knows the whole way.

It decides nothing about rules, cases or reports; it hands what one part found to the next. The part that runs cases is
loaded when there are cases to run.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export import __version__
from transformers_export.inspection import changed, inspect, is_everything, read
from transformers_export.project import parse_memory
from transformers_export.verdict.plain import conclude
from transformers_export.verdict.types import CaseResult, Finding, NotChecked, Tool, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers_export.cases.types import Case, Plan
    from transformers_export.cases.workers import Outcome, Workers
    from transformers_export.fixing import Fixes
    from transformers_export.inspection import CheckOptions, Inspection

    Progress = Callable[[Case, CaseResult | None], None]
    Tell = Callable[[str], None]

MOST_JOBS = 8
"""Cases at once when nobody says: each takes a core and up to a gigabyte."""


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
        everything=is_everything(options),
    )


def find_fixes(options: CheckOptions) -> Fixes:
    """Mend in memory what the check finds by reading.

    Raises:
        ChangesError, SettingsError: see `inspection.inspect`.
    """
    return _find_fixes(options, inspect(options))


def _find_fixes(options: CheckOptions, inspection: Inspection) -> Fixes:
    from transformers_export import fixing  # and with it, once there is something to mend, libcst

    return fixing.find_fixes(
        inspection.project,
        inspection.head,
        inspection.base,
        changed(options, inspection),
        ignore=inspection.project.settings.ignore,
        strict=options.strict,
    )


def run_check(
    options: CheckOptions,
    progress: Progress = lambda case, result: None,
    warn: Tell = lambda message: None,
    say: Tell = lambda message: None,
) -> Verdict:
    """Check a repository.

    Args:
        options: what to check, and how.
        progress: called with each case when it starts (None) and when it ends (its result).
        warn: called with sentences that belong to nobody's result, e.g. an untested version.
        say: called with what is done besides, where it takes time.

    Returns:
        The verdict. A project interpreter that cannot run cases is part of it: every case is undecided then.

    Raises:
        ChangesError, SettingsError: see `inspection.inspect`.
        ShardError: the part to run was cut from another plan.
    """
    inspection = inspect(options)
    reading = read(options, inspection)
    verdict = Verdict(
        tool=Tool("transformers-export", __version__),
        conclusion=reading.conclusion,
        base=inspection.changes.base,
        head=options.scope.links_to or inspection.changes.head,
        findings=tuple(Finding(*item) for item in reading.findings),
        not_checked=tuple(NotChecked(*item) for item in reading.not_checked),
    )
    if options.fixes and verdict.findings:
        from transformers_export.fixing import as_diff

        verdict = replace(verdict, fix=as_diff(_find_fixes(options, inspection)))
    if not options.static:
        verdict = _with_cases(verdict, options, inspection, progress, warn, say)
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
    verdict: Verdict, options: CheckOptions, inspection: Inspection, progress: Progress, warn: Tell, say: Tell
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

        settings, root = inspection.project.settings, Path(options.root)
        with checkout_of(root, inspection.changes.head if options.scope.head is not None else None) as folder:
            workers = Workers(
                python=project_python(root, options.python or settings.python),
                jobs=options.jobs or settings.jobs or min(MOST_JOBS, os.cpu_count() or 1),
                search_path=tuple(folder / part for part in _source(inspection.project.layout)),
                repository=(root, folder),
            )
            cases = tuple(_moved(case, folder, root=root) for case in plan.cases)
            outcome = _outcome(cases, workers, progress, options, inspection, folder)
            results = _looked_again(cases, outcome.results, workers, options, inspection, say)
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
    from transformers_export.verdict.disagree import disagreements

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
    say: Tell,
) -> tuple[CaseResult, ...]:
    """Tell noise from fault, and whose fault it is. Loads nothing where nothing failed."""
    if all(result.outcome in ("passed", "expected-failure") for result in results):
        return results
    from transformers_export.cases.again import Base, look_again
    from transformers_export.cases.plan import find_exportable

    base, commit = inspection.base, inspection.changes.base
    if base is None or commit is None:
        return look_again(cases, results, workers, None, say)
    exportable = find_exportable(inspection.project, base)
    root = Path(options.root)
    source = _source(inspection.project.layout)
    return look_again(cases, results, workers, Base(root, commit, exportable, partial(_moved, root=root), source), say)


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
