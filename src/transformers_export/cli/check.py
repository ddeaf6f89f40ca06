"""`transformers-export check`: one check, its verdict printed and written."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from transformers_export.changes import ChangesError
from transformers_export.cli.arguments import UsageError
from transformers_export.cli.printing import lines
from transformers_export.cli.scope import check_options
from transformers_export.inspection import inspect, read
from transformers_export.project import SettingsError
from transformers_export.source.git import GitError

if TYPE_CHECKING:
    from argparse import Namespace

    from transformers_export.inspection import CheckOptions
    from transformers_export.verdict.types import Verdict

_OF_A_VERDICT = ("fix", "diff", "json", "markdown", "junit", "sarif")
"""Options that need more than what the rules say."""


def run(options: Namespace) -> int:
    """Check, print, write the files asked for. Returns 0 for a green verdict, 1 for a red one."""
    try:
        told = check_options(options, os.environ)
        if told.static and not any(getattr(options, name) for name in _OF_A_VERDICT):
            return _read(told)
        return _check(options, told)
    except _failures() as error:
        from transformers_export.cli.files import leave_verdict

        leave_verdict(options.json, str(error))
        raise UsageError(str(error)) from error


def _failures() -> tuple[type[Exception], ...]:
    """What a check says in one sentence. Asked for once something is raised: the last comes with the cases."""
    from transformers_export.cases.shards import ShardError

    return ChangesError, SettingsError, GitError, ShardError


def _read(told: CheckOptions) -> int:
    reading = read(told, inspect(told))
    print("\n".join(lines(reading, strict=told.strict)))
    return int(reading.conclusion != "success")


def _check(options: Namespace, told: CheckOptions) -> int:
    from dataclasses import replace  # and with it, as with the verdict, what a static check does without

    from transformers_export.check import run_check

    fixes = None
    if options.fix:
        from transformers_export.cli.fix import fix

        told, fixes = fix(told)
    if told.static:
        verdict = run_check(told)
    else:
        from transformers_export.cli.known import cache_folder, read_baseline
        from transformers_export.cli.progress import shown

        with shown(sys.stderr) as (progress, warn, say):
            told = told._replace(cache=cache_folder(options), baseline=read_baseline(options.baseline, warn))
            verdict = run_check(told, progress, warn, say)
    if fixes:
        verdict = replace(verdict, fix=fixes)
    try:
        _write(options, verdict)  # first: who reads what is printed may leave
    finally:
        print("\n".join(lines(verdict, strict=told.strict, written=options.fix)))
    changed = bool(options.fix and verdict.fix and verdict.fix.files)
    return int(changed or verdict.conclusion != "success")


def _write(options: Namespace, verdict: Verdict) -> None:
    if options.json or options.markdown:
        from transformers_export.cli.files import write
    if options.json:
        from transformers_export.verdict.schema import encode

        write(options.json, encode(verdict))
    if options.markdown:
        from transformers_export.report.render import comment

        write(options.markdown, comment(verdict, None))
    if options.junit or options.sarif:
        from transformers_export.cli.formats import write_formats

        write_formats(options, verdict)
