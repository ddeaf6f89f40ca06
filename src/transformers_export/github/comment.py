"""One comment on a pull request, kept up to date: found again by marker and author, edited, never repeated.

What the comment says is the caller's. A comment that cannot be written is a result with its reason, not an exception:
the check has already decided by then, and a token that may only read is what every pull request from a fork gets.

Whatever breaks, the whole is done again from looking: so nothing is written twice, and of two runs that begin a comment
at the same time both clean up, to the same end.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from github import GithubException, UnknownObjectException

from transformers_export.github.session import RefusedError, connect, patiently
from transformers_export.github.state import read_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from github import Github
    from github.Issue import Issue
    from github.IssueComment import IssueComment
    from github.NamedUser import NamedUser


@dataclass(frozen=True)
class Subject:
    """What a report is about, and the run it came from."""

    repository: str
    """`owner/name` of the repository the pull request goes to."""
    pull_request: int
    head: str
    """Full SHA of the commit that was checked."""
    run: int
    attempt: int = 1


@dataclass(frozen=True)
class Draft:
    """What the comment is to say. With an empty `text` nothing is written; `why_not` says why."""

    text: str
    why_not: str = ""


@dataclass(frozen=True)
class CommentResult:
    """What became of the comment. `reason` says why it was not written."""

    action: Literal["created", "updated", "untouched", "skipped", "overtaken", "refused"]
    url: str = ""
    reason: str = ""


def publish(
    subject: Subject, compose: Callable[[str | None], Draft], *, token: str, api_url: str, marker: str
) -> CommentResult:
    """Create the comment that starts with `marker`, or edit it when its text differs.

    `compose` is given the text of our newest comment, None where there is none, and may be asked more than once; what
    it returns must start with `marker`. Only a comment of our own is ever edited: one of a bot, or of the user the
    token belongs to. Nothing is written (`overtaken`) on a pull request that is closed or whose head has moved on, nor
    over the report of a newer run.
    """
    if not token:
        return CommentResult("refused", reason="There is no token. Pass `token`, which by default is the job's own.")
    with connect(token, api_url) as api:
        try:
            return patiently(lambda: _publish(_Place(api, subject, marker), compose), api_url)
        except RefusedError as error:
            return CommentResult("refused", reason=str(error))


@dataclass(frozen=True)
class _Place:
    """Where we write."""

    api: Github
    subject: Subject
    marker: str

    def issue(self) -> Issue:
        return self.api.get_repo(self.subject.repository).get_issue(self.subject.pull_request)


def _publish(place: _Place, compose: Callable[[str | None], Draft], *, again: bool = True) -> CommentResult:
    ours = _ours(place)
    # Asked after the comments, right before writing: the shorter this takes the less can happen in between.
    why_not = _why_not(place) or _newer_report(ours, place.subject)
    if why_not:
        return CommentResult("overtaken", _url(ours), why_not)
    draft = compose(_newest(ours).body if ours else None)
    if not draft.text:
        return CommentResult("skipped", _url(ours), draft.why_not)
    if not draft.text.startswith(place.marker):
        raise RuntimeError(
            f"the comment must start with its marker {place.marker!r}, it starts with {draft.text[:40]!r}"
        )
    if not ours:
        created = place.issue().create_comment(draft.text)
        return CommentResult("created", _one_of(place, _ours(place)) or created.html_url)
    try:
        return _update(place, ours, draft.text)
    except UnknownObjectException:
        if not again:
            raise
        return _publish(place, compose, again=False)  # somebody deleted it under our hands


def _update(place: _Place, ours: list[IssueComment], text: str) -> CommentResult:
    kept, *others = ours
    same = _same(kept.body, text)
    if not same:
        kept.edit(text)
    _remove(others, kept)
    return CommentResult("untouched" if same else "updated", kept.html_url)


def _one_of(place: _Place, ours: list[IssueComment]) -> str:
    """Keep one comment where a race left several, and return its address. Every racer decides the same: the oldest
    stays where it is, with the words of the newest run."""
    if not ours:
        return ""
    kept, *others = ours
    text = _newest(ours).body
    if others and not _same(kept.body, text):
        kept.edit(text)
    _remove(others, kept)
    return kept.html_url


def _remove(others: list[IssueComment], kept: IssueComment) -> None:
    for comment in others:
        if comment.user.login == kept.user.login:
            with contextlib.suppress(UnknownObjectException):  # the other racer was faster
                comment.delete()


def _why_not(place: _Place) -> str:
    """Why nothing is written on this pull request; empty where something is."""
    number, head = place.subject.pull_request, place.subject.head
    pull = place.api.get_repo(place.subject.repository).get_pull(number)
    if pull.state != "open":
        return f"The pull request {number} is {'merged' if pull.merged else 'closed'}."
    if pull.head.sha != head:
        return f"The pull request {number} has moved on from {head} to {pull.head.sha}, whose own run reports."
    return ""


def _newer_report(ours: list[IssueComment], subject: Subject) -> str:
    """Say that a newer run has reported on the same commit already; empty where none has."""
    state = read_state(_newest(ours).body) if ours else None
    if state is None or state.head != subject.head or state.age <= (subject.run, subject.attempt):
        return ""
    return f"The report of a newer run ({state.run}, attempt {state.attempt}) is there already."


def _newest(ours: list[IssueComment]) -> IssueComment:
    """The one a newer run wrote; among equals the oldest comment, which is the one that stays."""
    return max(ours, key=lambda comment: state.age if (state := read_state(comment.body)) else (0, 0))


def _url(ours: list[IssueComment]) -> str:
    return ours[0].html_url if ours else ""


def _ours(place: _Place) -> list[IssueComment]:
    """Our comments over all pages, the oldest first.

    Anyone can type our marker into a comment; editing that one would put our report under a name whose owner could then
    change it.
    """
    found: list[IssueComment] = []
    me = ""
    for comment in place.issue().get_comments():
        author = cast("NamedUser | None", comment.user)  # None: a deleted account
        if author is None or not (comment.body or "").startswith(place.marker):
            continue
        if author.type != "Bot":
            me = me or _login(place.api)
            if author.login != me:
                continue
        found.append(comment)
    return sorted(found, key=lambda comment: comment.id)


def _login(api: Github) -> str:
    try:
        return api.get_user().login
    except GithubException as error:
        if error.status not in (401, 403, 404):
            raise
        return "github-actions[bot]"  # a job's own token may not ask who it is, and this is who


def _same(left: str | None, right: str) -> bool:
    return (left or "").replace("\r\n", "\n").strip() == right.replace("\r\n", "\n").strip()
