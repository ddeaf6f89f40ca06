"""What `report` and `comment` share: a verdict that may be missing, and where its links lead."""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.cli.arguments import UsageError
from transformers_export.cli.files import read
from transformers_export.github.event import Event, EventError, read_event
from transformers_export.report import render
from transformers_export.report.annotations import remarks
from transformers_export.report.render import Links
from transformers_export.verdict.schema import VerdictError, decode

if TYPE_CHECKING:
    from argparse import Namespace

    from transformers_export.github.annotation import Annotation
    from transformers_export.verdict.types import Verdict


@dataclass(frozen=True)
class Published:
    """What is to be published: a verdict, or what to say in its place."""

    verdict: Verdict | None
    instead: str = ""
    broken: bool = False
    """There is a file, and it is no verdict: the job must not be green by it."""


def read_verdict(options: Namespace, path: str) -> Published:
    """Read one verdict. With `--if-missing` one that is not there or cannot be read is replaced by that text.

    An old comment must not stay green because a newer verdict was spoilt.

    Raises:
        UsageError: no such file, or no verdict in it, and nothing to say in its place.
    """
    if options.if_missing is not None and not Path(path).exists():
        return Published(None, options.if_missing)
    try:
        return Published(decode(read(path, "a verdict")))
    except VerdictError as error:
        if options.if_missing is None:
            raise UsageError(f"{path}: {error}") from error
        return Published(None, f"The check left a verdict that cannot be read: {error}", broken=True)


@dataclass(frozen=True)
class Report:
    """Everything that is made of a verdict before any of it is published."""

    verdict: Verdict | None
    """None where the report says why there is none."""
    comment: str
    summary: str
    remarks: tuple[Annotation, ...] = ()
    broken: bool = False
    """The job must not be green by it."""


def make_report(published: Published, event: Event | None) -> Report:
    """Render what is to be published. A verdict that cannot be rendered is one that cannot be read.

    It may come from a job that ran code we do not trust, and an old comment must not stay green because of it.
    """
    if published.verdict is not None:
        try:
            return _report(published.verdict, links_to(event, published.verdict) if event else None)
        except ImportError:
            raise  # an installation without an extra, not the verdict
        except Exception as error:
            traceback.print_exception(error)
            why = f"No report can be made of the verdict the check left ({type(error).__name__}). The log says more."
            published = Published(None, why, broken=True)
    text = render.unfinished(published.instead, links_to(event, None) if event else None)
    return Report(None, text, text, broken=published.broken)


def _report(verdict: Verdict, links: Links | None) -> Report:
    return Report(verdict, render.comment(verdict, links), render.summary(verdict, links), remarks(verdict))


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
