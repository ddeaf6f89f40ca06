"""What `report` and `comment` share: a verdict that may be missing, and where its links lead."""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.cli.arguments import UsageError
from transformers_export.cli.files import leave_verdict, read_at_most
from transformers_export.github.event import Event, EventError, read_event
from transformers_export.report import render
from transformers_export.report.annotations import remarks
from transformers_export.report.render import Links
from transformers_export.verdict.schema import MAX_BYTES, VerdictError, decode

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
    detail: str = ""
    """What is wrong with it, for the log: it may quote what nobody has checked."""


@dataclass(frozen=True)
class Standing:
    """What a comment says and hides beside the verdict's report (github/state.py)."""

    hidden: str = ""
    mended: bool = False


def read_verdict(options: Namespace, path: str) -> Published:
    """Read the verdict. With `--if-missing` one that is not there is written, red and saying that text, for whoever
    reads it later; one that cannot be read is replaced by what is wrong with it.

    An old comment must not stay green because a newer verdict was spoilt, nor because there is a folder or a pipe
    in its place: code we do not trust ran beside it.

    Raises:
        UsageError: no such file, or no verdict in it, and nothing to say in its place.
    """
    if options.if_missing is not None and not Path(path).exists():
        leave_verdict(path, options.if_missing)
    try:
        return Published(decode(read_at_most(Path(path), MAX_BYTES + 1, "a verdict")))
    except (UsageError, VerdictError) as error:
        if options.if_missing is None:
            raise UsageError(f"{path}: {error}" if isinstance(error, VerdictError) else str(error)) from error
        return Published(None, f"The check left a verdict that cannot be read: {error}", broken=True)


def of_commit(published: Published, head: str) -> Published:
    """The same, unless it speaks of another commit than the one that was to be checked."""
    verdict = published.verdict
    if verdict is None or verdict.head in (None, head):
        return published
    return Published(None, "The check left a verdict of another commit than the one it was to check.", broken=True)


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


def make_report(published: Published, event: Event | None, standing: Standing = Standing()) -> Report:
    """Render what is to be published. A verdict that cannot be rendered is one that cannot be read.

    It may come from a job that ran code we do not trust, and an old comment must not stay green because of it.
    """
    if published.verdict is not None:
        try:
            return _report(published.verdict, links_to(event, published.verdict) if event else None, standing)
        except ImportError:
            raise  # an installation without an extra, not the verdict
        except Exception as error:
            traceback.print_exception(error)
            why = f"No report can be made of the verdict the check left ({type(error).__name__}). The log says more."
            published = Published(None, why, broken=True)
    text = render.unfinished(published.instead, links_to(event, None) if event else None, hidden=standing.hidden)
    return Report(None, text, text, broken=published.broken)


def _report(verdict: Verdict, links: Links | None, standing: Standing) -> Report:
    comment = render.comment(verdict, links, hidden=standing.hidden, mended=standing.mended)
    return Report(verdict, comment, render.summary(verdict, links), remarks(verdict))


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
