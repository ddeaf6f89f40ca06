"""`transformers-export report`: a verdict as Markdown, and in GitHub Actions as summary, annotations and outputs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.cli.arguments import UsageError
from transformers_export.cli.files import leave_verdict, write
from transformers_export.cli.formats import write_formats
from transformers_export.cli.known import read_baseline
from transformers_export.cli.merging import is_one, merged
from transformers_export.cli.published import Published, Report, current_event, make_report, of_commit, read_verdict
from transformers_export.verdict.compare import with_baseline
from transformers_export.verdict.schema import encode

if TYPE_CHECKING:
    from argparse import Namespace

    from transformers_export.verdict.types import Verdict


def run(options: Namespace) -> int:
    """Render. 0 whenever there is a report, as whether it is green is for the check to say; 1 for a broken verdict.

    Merged verdicts are different: no check has spoken for the whole, so it is said here, by 1 for one that is red.
    """
    asked = (options.markdown, options.summary, options.github, options.json, options.junit, options.sarif)
    if not any(asked):
        raise UsageError("Nothing to write: expected --markdown, --summary, --json, --junit, --sarif or --github.")
    alone = not options.merge and is_one(options.verdicts)
    published = _compared(options, read_verdict(options, options.verdicts[0]) if alone else _merged(options))
    event = current_event() if options.github else None
    if event is not None:
        published = of_commit(published, event.head_sha)
        if published.verdict is None:
            leave_verdict(options.json, published.instead)  # for the comment, which is written from it
    report = make_report(published, event)
    verdict = report.verdict
    if verdict is not None:
        write_formats(options, verdict)
        _keep(options, verdict)
    if options.json and published.verdict is not None:
        write(options.json, encode(published.verdict))
    if options.markdown:
        write(options.markdown, report.comment)
    if options.summary:
        write(options.summary, report.summary)
    if options.github:
        _tell_github(options, report)
    red = verdict is not None and not alone and verdict.conclusion != "success"
    return 1 if report.broken or red else 0


def _merged(options: Namespace) -> Published:
    try:
        return Published(merged(options.verdicts))
    except UsageError as error:
        leave_verdict(options.json, str(error))
        if options.if_missing is None:
            raise
        return Published(None, str(error), broken=True)


def _compared(options: Namespace, published: Published) -> Published:
    earlier = read_baseline(options.baseline, lambda message: print(f"warning: {message}"))
    if published.verdict is None or earlier is None:
        return published
    return replace(published, verdict=with_baseline(published.verdict, earlier))


def _keep(options: Namespace, verdict: Verdict) -> None:
    """Put what passed into a folder of results: of the shards' own folders none is complete."""
    if options.cache:
        from transformers_export.cases.cache import Cache

        cache = Cache(Path(options.cache))
        kept = sum(cache.keep(case, verdict.versions) for case in verdict.cases)
        cache.prune()
        print("\n".join((f"{kept} new results in {options.cache}.", *cache.warnings)))


def _tell_github(options: Namespace, report: Report) -> None:
    from transformers_export.github.commands import annotate, set_outputs, write_summary

    write_summary(report.summary, os.environ)
    annotate(report.remarks)
    verdict = report.verdict
    outcomes = [case.outcome for case in verdict.cases] if verdict else []
    set_outputs(
        {
            "verdict": _path(options.json or options.verdicts[0]) if verdict else "",
            "passed": outcomes.count("passed"),
            "failed": outcomes.count("failed") + outcomes.count("undecided"),
            "report": _path(options.markdown),
            "junit": _path(options.junit) if verdict else "",
            "sarif": _path(options.sarif) if verdict else "",
        }
    )


def _path(written: str | None) -> str:
    return str(Path(written).resolve()) if written else ""
