"""The run that started a `workflow_run` workflow, and the pull request it was for, both as GitHub's API tells them.

Nothing here is taken from what that run left behind: it ran code we do not trust, and what it uploads must not decide
where a comment goes. GitHub does not say which pull request a run was for when its head is in a fork, so it is looked
for by head repository, branch and commit, for every pull request the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from transformers_export.github.comment import Subject
from transformers_export.github.session import connect, patiently

if TYPE_CHECKING:
    from github import Github
    from github.PullRequest import PullRequest
    from github.Repository import Repository


class NoSubjectError(Exception):
    """There is no pull request to comment on, which is nobody's mistake; the message says why."""


class OvertakenError(NoSubjectError):
    """There was one when the run began."""


@dataclass(frozen=True)
class Trigger:
    """The run that ended, and what it was about."""

    subject: Subject
    conclusion: str
    """`success`, `failure`, `cancelled`, ..."""


def read_trigger(repository: str, run: int, *, token: str, api_url: str) -> Trigger:
    """Ask GitHub about a run.

    Raises:
        NoSubjectError: it was not for a pull request, or for none that is open and still has its head.
        RefusedError: GitHub does not say.
    """
    with connect(token, api_url) as api:
        return patiently(lambda: _read(api, repository, run), api_url)


def _read(api: Github, repository: str, number: int) -> Trigger:
    base = api.get_repo(repository)
    run = base.get_workflow_run(number)
    if run.event != "pull_request":
        raise NoSubjectError(f"The run {number} was for the event {run.event}, which has no pull request: no comment.")
    head = cast("Repository | None", run.head_repository)
    if head is None:
        raise OvertakenError(f"The fork the run {number} was for does not exist any more: no comment.")
    found = [
        pull
        for pull in base.get_pulls(state="all", head=f"{head.owner.login}:{run.head_branch}")
        if _is_from(pull, head.full_name, run.head_branch)
    ]
    pull = choose(found, run.head_sha, f"{head.full_name}:{run.head_branch}")
    return Trigger(Subject(repository, pull.number, run.head_sha, number, run.run_attempt or 1), run.conclusion or "")


def choose(pulls: list[PullRequest], sha: str, head: str) -> PullRequest:
    """Return the one open pull request of this head that stands on `sha`.

    Raises:
        NoSubjectError: there is none, or more than one.
    """
    still = [pull for pull in pulls if pull.state == "open"]
    fitting = [pull for pull in still if pull.head.sha == sha]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        numbers = ", ".join(str(pull.number) for pull in fitting)
        raise NoSubjectError(f"Several open pull requests ({numbers}) have {sha} of {head} as head: no comment.")
    if still:
        raise OvertakenError(f"{head} has moved on from {sha} to {still[0].head.sha}, whose own run reports.")
    if pulls:
        raise OvertakenError(f"The pull request {pulls[0].number} is closed: no comment.")
    raise NoSubjectError(f"No pull request has {sha} of {head} as head: no comment.")


def _is_from(pull: PullRequest, repository: str, branch: str) -> bool:
    head = cast("Repository | None", pull.head.repo)  # None: a deleted fork
    return head is not None and head.full_name == repository and pull.head.ref == branch
