"""`transformers-export check`: one check, its verdict printed and written."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from transformers_export.changes import ChangesError
from transformers_export.check import run_check
from transformers_export.cli.arguments import UsageError
from transformers_export.cli.scope import check_options
from transformers_export.project import SettingsError
from transformers_export.source.git import GitError

if TYPE_CHECKING:
    from argparse import Namespace

    from transformers_export.verdict.types import Verdict


def run(options: Namespace) -> int:
    """Check, print, write the files asked for. Returns 0 for a green verdict, 1 for a red one."""
    failures: tuple[type[Exception], ...] = (ChangesError, SettingsError, GitError)
    try:
        told = check_options(options, os.environ)
        fixes = None
        if options.fix:
            from transformers_export.cli.fix import fix

            told, fixes = fix(told)
        if told.static:
            verdict = run_check(told)
        else:
            from transformers_export.cases.shards import ShardError
            from transformers_export.cli.known import cache_folder, read_baseline
            from transformers_export.cli.progress import shown

            failures = (*failures, ShardError)
            with shown(sys.stderr) as (progress, warn):
                told = replace(told, cache=cache_folder(options), baseline=read_baseline(options.baseline, warn))
                verdict = run_check(told, progress, warn)
    except failures as error:
        from transformers_export.cli.files import leave_verdict

        leave_verdict(options.json, str(error))
        raise UsageError(str(error)) from error
    from transformers_export.cli.printing import lines

    if fixes:
        verdict = replace(verdict, fix=fixes)
    print("\n".join(lines(verdict, strict=told.strict, written=options.fix)))
    _write(options, verdict)
    changed = bool(options.fix and verdict.fix and verdict.fix.files)
    return 1 if changed or verdict.conclusion != "success" else 0


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
