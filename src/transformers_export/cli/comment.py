"""`transformers-export comment`: the report as the one comment on a pull request.

Which pull request is said by the event, or on `workflow_run` by GitHub's API (`cli/second_stage.py`); never by the
verdict. Whether there is to be a comment is decided here, how it gets there in `github/comment.py`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transformers_export.cli.arguments import UsageError
from transformers_export.cli.published import Published, Standing, current_event, make_report, of_commit, read_verdict
from transformers_export.cli.second_stage import from_artifact
from transformers_export.github.commands import note, set_outputs, warn
from transformers_export.github.comment import CommentResult, Draft, Subject, publish
from transformers_export.github.session import RefusedError
from transformers_export.github.state import State, read_state
from transformers_export.github.trigger import NoSubjectError, OvertakenError
from transformers_export.report import render
from transformers_export.report.words import is_red

if TYPE_CHECKING:
    from argparse import Namespace

    from transformers_export.cli.published import Report
    from transformers_export.github.event import Event
    from transformers_export.verdict.types import Verdict

_TITLE = "The report could not be written as a comment"


@dataclass(frozen=True)
class Job:
    """What is to be said, about what, and where its links lead."""

    published: Published
    subject: Subject
    event: Event
    begins: bool = True
    """Whether a comment may be begun, or only one that is there corrected."""


def run(options: Namespace) -> int:
    """Write or update the comment. 0 also when it cannot be written, unless `--fail-on-publish-error true`: the check
    has decided by then."""
    event = current_event()
    if options.mode == "never":
        print("No comment, as `--mode never` says.")
        return 0
    try:
        job = _job(options, event)
    except OvertakenError as error:
        return _overtaken(str(error))
    except NoSubjectError as error:
        print(error)
        return 0
    except RefusedError as error:
        return _failed(options, str(error))
    if job.published.detail:
        warn(job.published.detail, title="The check left something that is no verdict")
    result = publish(
        job.subject,
        lambda previous: compose(job, options.mode, previous),
        token=_token(),
        api_url=event.api_url,
        marker=render.MARKER,
    )
    return _tell(options, result)


def compose(job: Job, mode: str, previous: str | None) -> Draft:
    """Decide what the comment says, given what it says now; None where there is none."""
    verdict = job.published.verdict
    if previous is None and not (job.begins and begins_with(mode, verdict)):
        return Draft("", f"There is no comment yet, and this is no reason to begin one (`{mode}`).")
    before = read_state(previous)
    report = _made(job, before, red=verdict is None or is_red(verdict))
    if report.broken and not job.published.broken:  # it could be read and not rendered, so it is red after all
        report = _made(job, before, red=True)
    return Draft(report.comment)


def begins_with(mode: str, verdict: Verdict | None) -> bool:
    """Whether a pull request without our comment gets one. A verdict that is missing or unreadable is a failure."""
    if mode == "always" or verdict is None:
        return True
    return is_red(verdict) if mode == "on-failure" else render.worth_a_comment(verdict)


def _made(job: Job, before: State | None, *, red: bool) -> Report:
    subject = job.subject
    mended = not red and before is not None and (before.red or before.mended)
    state = State(subject.head, subject.run, subject.attempt, red=red, mended=mended)
    return make_report(job.published, job.event, Standing(state.line(), mended))


def _job(options: Namespace, event: Event) -> Job:
    if options.artifact:
        if event.triggered_by is None:
            raise UsageError(f"--artifact is for the event workflow_run, this one is {event.name}: name a verdict.")
        staged = from_artifact(event, options.artifact, _token())
        return Job(staged.published, staged.subject, staged.event, staged.begins)
    if event.pull_request is None:
        raise NoSubjectError(f"{event.name} is no pull request: no comment.")
    subject = Subject(event.repository, event.pull_request, event.head_sha, event.run, event.attempt)
    published = of_commit(read_verdict(options, options.verdict), event.head_sha)
    if published.verdict is not None and published.verdict.shard is not None:
        raise UsageError(f"{options.verdict} is the verdict of one shard. Merge them all with `report` first.")
    return Job(published, subject, event)


def _token() -> str:
    return os.environ.get("GITHUB_TOKEN", "")


def _tell(options: Namespace, result: CommentResult) -> int:
    if options.github and result.url:
        set_outputs({"comment-url": result.url})
    if result.action == "refused":
        return _failed(options, result.reason)
    if result.action == "overtaken":
        return _overtaken(result.reason)
    print(f"comment {result.action}: {result.url or result.reason}")
    return 0


def _overtaken(why: str) -> int:
    note(why, title="No comment was written")
    return 0


def _failed(options: Namespace, why: str) -> int:
    warn(why, title=_TITLE)
    return 1 if options.fail_on_publish_error == "true" else 0
