"""The second of two stages: a verdict that another run has uploaded, as a report on the pull request that run was for.

That run executed code we do not trust. So the pull request and its commit come from GitHub's API, of what was uploaded
only data of the verdict's schema is used, and a verdict that speaks of another commit is no verdict of this one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transformers_export.cli.published import Published, of_commit
from transformers_export.github.archive import ArchiveError, only_file
from transformers_export.github.artifact import download
from transformers_export.github.event import run_url
from transformers_export.github.session import RefusedError
from transformers_export.github.trigger import NoSubjectError, read_trigger
from transformers_export.verdict.schema import MAX_BYTES, VerdictError, VersionError, decode
from transformers_export.verdict.types import NotChecked

if TYPE_CHECKING:
    from transformers_export.github.comment import Subject
    from transformers_export.github.event import Event
    from transformers_export.github.trigger import Trigger

MAX_PACKED = 8 * 2**20
"""Bytes of the zip; a verdict of 198 cases has 60 kB."""

FILE = "verdict.json"
_FAILED = ("failure", "timed_out")


@dataclass(frozen=True)
class Staged:
    """What the first stage left, and what it is about."""

    published: Published
    subject: Subject
    event: Event
    """As if the report had been made by the run that was checked: its links lead to that run and commit."""
    begins: bool
    """Whether it may begin a comment."""


def from_artifact(event: Event, name: str, token: str) -> Staged:
    """Fetch what the run that started this one has left.

    Raises:
        NoSubjectError: there is no pull request to comment on, or nothing to say.
        RefusedError: GitHub does not tell or give what is needed.
    """
    if event.triggered_by is None:
        raise ValueError(f"expected a workflow_run event, got {event.name}")
    if not token:
        raise RefusedError("There is no token. Pass `token`, which by default is the job's own.")
    told = {"token": token, "api_url": event.api_url}
    trigger = read_trigger(event.repository, event.triggered_by, **told)
    data = download(event.repository, trigger.subject.run, name, limit=MAX_PACKED, **told)
    subject = trigger.subject
    place = replace(
        event,
        head_sha=subject.head,
        pull_request=subject.pull_request,
        run_url=run_url(event.server_url, event.repository, subject.run),
    )
    if data is None:
        return Staged(_nothing_left(trigger, name), subject, place, begins=False)
    return Staged(examine(data, trigger), subject, place, begins=True)


def _nothing_left(trigger: Trigger, name: str) -> Published:
    """A run that failed before it could say anything corrects an old report; it does not begin one, as it may have
    failed for reasons that have nothing to do with us."""
    if trigger.conclusion not in _FAILED:
        raise NoSubjectError(
            f"The run {trigger.subject.run} ended as {trigger.conclusion} and left no artifact {name}."
        )
    return Published(None, "The run that was to check this commit failed and left no verdict.")


def examine(data: bytes, trigger: Trigger) -> Published:
    """Return what is to be published of the zip that was uploaded.

    What is wrong with it may quote it, so that goes to the log alone.
    """
    try:
        verdict = decode(only_file(data, FILE, MAX_BYTES))
    except VersionError as error:
        return Published(None, f"The check left a verdict that cannot be read here. {error}", broken=True)
    except (ArchiveError, VerdictError) as error:
        why = "The check left something that is no verdict. The log of the job that wrote this comment says more."
        return Published(None, why, broken=True, detail=str(error))
    if verdict.shard is not None:
        part = f"shard {verdict.shard.number} of {verdict.shard.total}"
        return Published(None, f"The check left the verdict of {part} alone, not of the whole.", broken=True)
    if verdict.conclusion == "success" and trigger.conclusion != "success":
        ended = NotChecked("the run", f"It ended as `{trigger.conclusion}`, although what it left is green.")
        verdict = replace(verdict, not_checked=(*verdict.not_checked, ended))
    return of_commit(Published(verdict), trigger.subject.head)
