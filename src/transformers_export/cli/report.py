"""`transformers-export report`: a verdict as Markdown, and in GitHub Actions as summary, annotations and outputs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.cli.arguments import UsageError
from transformers_export.cli.files import write
from transformers_export.cli.published import current_event, links_to, read_verdict
from transformers_export.report import render

if TYPE_CHECKING:
    from argparse import Namespace

    from transformers_export.verdict.types import Verdict


def run(options: Namespace) -> int:
    """Render. 0 whenever there is a report, as whether it is green is for the check to say; 1 for a broken verdict."""
    if not (options.markdown or options.summary or options.github):
        raise UsageError("Nothing to write: expected --markdown FILE, --summary FILE or --github.")
    published = read_verdict(options)
    verdict = published.verdict
    links = links_to(current_event(), verdict) if options.github else None
    if verdict is None:
        comment = summary = render.unfinished(published.instead, links)
    else:
        comment, summary = render.comment(verdict, links), render.summary(verdict, links)
    if options.markdown:
        write(options.markdown, comment)
    if options.summary:
        write(options.summary, summary)
    if options.github:
        _tell_github(options, verdict, summary)
    return 1 if published.broken else 0


def _tell_github(options: Namespace, verdict: Verdict | None, summary: str) -> None:
    from transformers_export.github.commands import annotate, set_outputs, write_summary
    from transformers_export.report.annotations import remarks

    write_summary(summary, os.environ)
    if verdict is not None:
        annotate(remarks(verdict))
    outcomes = [case.outcome for case in verdict.cases] if verdict else []
    set_outputs(
        {
            "verdict": str(Path(options.verdict).resolve()) if verdict else "",
            "passed": outcomes.count("passed"),
            "failed": outcomes.count("failed") + outcomes.count("undecided"),
            "report": str(Path(options.markdown).resolve()) if options.markdown else "",
        }
    )
