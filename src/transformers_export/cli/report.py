"""`transformers-export report`: a verdict as Markdown, and in GitHub Actions as summary, annotations and outputs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.cli.arguments import UsageError
from transformers_export.cli.files import write
from transformers_export.cli.published import Report, current_event, make_report, read_verdict

if TYPE_CHECKING:
    from argparse import Namespace


def run(options: Namespace) -> int:
    """Render. 0 whenever there is a report, as whether it is green is for the check to say; 1 for a broken verdict."""
    if not (options.markdown or options.summary or options.github):
        raise UsageError("Nothing to write: expected --markdown FILE, --summary FILE or --github.")
    report = make_report(read_verdict(options), current_event() if options.github else None)
    if options.markdown:
        write(options.markdown, report.comment)
    if options.summary:
        write(options.summary, report.summary)
    if options.github:
        _tell_github(options, report)
    return 1 if report.broken else 0


def _tell_github(options: Namespace, report: Report) -> None:
    from transformers_export.github.commands import annotate, set_outputs, write_summary

    write_summary(report.summary, os.environ)
    annotate(report.remarks)
    verdict = report.verdict
    outcomes = [case.outcome for case in verdict.cases] if verdict else []
    set_outputs(
        {
            "verdict": str(Path(options.verdict).resolve()) if verdict else "",
            "passed": outcomes.count("passed"),
            "failed": outcomes.count("failed") + outcomes.count("undecided"),
            "report": str(Path(options.markdown).resolve()) if options.markdown else "",
        }
    )
