"""`transformers-export comment`: the report as the one comment on the pull request of this event."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from transformers_export.cli.arguments import UsageError
from transformers_export.cli.published import current_event, make_report, read_verdict
from transformers_export.github.commands import set_outputs, warn
from transformers_export.github.comment import upsert
from transformers_export.report import render

if TYPE_CHECKING:
    from argparse import Namespace


def run(options: Namespace) -> int:
    """Write or update the comment. 0 also when the token may not write: the check has decided by then."""
    published = read_verdict(options, options.verdict)
    if published.verdict is not None and published.verdict.shard is not None:
        raise UsageError(f"{options.verdict} is the verdict of one shard. Merge them all with `report` first.")
    event = current_event()
    if event.pull_request is None:
        print(f"{event.name} is no pull request: no comment.")
        return 0
    report = make_report(published, event)
    result = upsert(
        event.repository,
        event.pull_request,
        report.comment,
        token=os.environ.get("GITHUB_TOKEN", ""),
        api_url=event.api_url,
        marker=render.MARKER,
        create=report.verdict is None or render.worth_a_comment(report.verdict),
    )
    if result.action == "refused":
        warn(result.reason, title="The report could not be written as a comment")
        return 0
    print(f"comment {result.action}: {result.url}")
    if options.github:
        set_outputs({"comment-url": result.url})
    return 0
