"""What `report` and `comment` share: a verdict that may be missing, and where its links lead."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.cli.arguments import UsageError
from transformers_export.cli.files import read
from transformers_export.github.event import Event, EventError, read_event
from transformers_export.report.render import Links
from transformers_export.verdict.schema import VerdictError, decode

if TYPE_CHECKING:
    from argparse import Namespace

    from transformers_export.verdict.types import Verdict


def read_verdict(options: Namespace) -> Verdict | None:
    """Read the verdict; None when there is none and the caller has said what to publish then.

    Raises:
        UsageError: no such file, or no verdict in it.
    """
    if options.if_missing is not None and not Path(options.verdict).exists():
        return None
    try:
        return decode(read(options.verdict, "a verdict"))
    except VerdictError as error:
        raise UsageError(f"{options.verdict}: {error}") from error


def current_event() -> Event:
    """Return the event of this run.

    Raises:
        UsageError: not inside GitHub Actions, or an event this tool cannot work from.
    """
    try:
        return read_event(os.environ)
    except EventError as error:
        raise UsageError(str(error)) from error


def links_to(event: Event, verdict: Verdict | None) -> Links:
    """Return where the links of a report lead: to the commit the verdict is about."""
    head = (verdict.head if verdict else None) or event.head_sha
    return Links(event.server_url, event.repository, head, event.run_url)
