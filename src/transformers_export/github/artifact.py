"""What a workflow run has uploaded, through the REST API: the zip of one artifact, and no more of it than is asked for.

What is in the zip is `archive.py`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests
from github import GithubException
from github.Artifact import Artifact
from github.PaginatedList import PaginatedList

from transformers_export.github.session import TIMEOUT, RefusedError, connect, patiently

if TYPE_CHECKING:
    from github import Github

_CHUNK = 64 * 1024


def download(repository: str, run: int, name: str, *, limit: int, token: str, api_url: str) -> bytes | None:
    """Return the newest artifact of that name of a run as zip; None where the run has left none.

    Raises:
        RefusedError: GitHub does not give it, or it is larger than `limit` bytes.
    """
    with connect(token, api_url) as api:
        artifact = patiently(lambda: _newest(api, repository, run, name), api_url)
    if artifact is None:
        return None
    if artifact.size_in_bytes > limit:
        raise RefusedError(f"The artifact {name} has {artifact.size_in_bytes} bytes, expected at most {limit}.")
    url = f"{api_url}/repos/{repository}/actions/artifacts/{artifact.id}/zip"
    data = patiently(lambda: _fetch(url, token, limit), api_url)
    if len(data) > limit:
        raise RefusedError(f"The artifact {name} has more than the {limit} bytes it may have.")
    return data


def _newest(api: Github, repository: str, run: int, name: str) -> Artifact | None:
    """A run that was started again has the artifacts of every attempt. Older servers do not know the filter by name."""
    url = f"/repos/{repository}/actions/runs/{run}/artifacts"  # PyGithub's `get_artifacts` needs the run itself first
    artifacts = PaginatedList(Artifact, api.requester, url, {"name": name}, list_item="artifacts")
    named = [artifact for artifact in artifacts if artifact.name == name and not artifact.expired]
    return max(named, key=lambda artifact: artifact.id, default=None)


def _fetch(url: str, token: str, limit: int) -> bytes:
    """GitHub sends us on to a storage, with an address that needs no token and must not be shown ours."""
    asked = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
    with requests.get(url, headers=asked, allow_redirects=False, stream=True, timeout=TIMEOUT) as answer:
        _require_ok(answer)
        if not answer.is_redirect:
            return _read(answer, limit)
        storage = answer.headers["Location"]
    with requests.get(storage, allow_redirects=False, stream=True, timeout=TIMEOUT) as answer:
        _require_ok(answer)
        return _read(answer, limit)


def _read(answer: requests.Response, limit: int) -> bytes:
    """At most one byte more than `limit`, whatever the headers say."""
    data = bytearray()
    for chunk in answer.iter_content(_CHUNK):
        data += chunk
        if len(data) > limit:
            return bytes(data[: limit + 1])
    return bytes(data)


def _require_ok(answer: requests.Response) -> None:
    if answer.status_code >= 400:
        raise GithubException(answer.status_code, {"message": answer.reason}, dict(answer.headers))
