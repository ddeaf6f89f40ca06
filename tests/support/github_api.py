"""GitHub's REST API for the tests: a stateful emulator started on a free port, with one repository and pull request.

The emulator is the npm package `emulate`; what it does not do (refuse a token, limit a comment's length) tests take
from a pytest-httpserver of their own. Only `localhost` works as the host: PyGithub follows the URLs it is given.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from support.environments import PreparationError
from support.node import node_command, node_modules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OWNER = "acme"
TOKEN = "token-of-the-owner"
STRANGER_TOKEN = "token-of-a-stranger"
SEED = {
    "tokens": {
        TOKEN: {"login": OWNER, "scopes": ["repo", "user"]},
        STRANGER_TOKEN: {"login": "stranger", "scopes": ["repo", "user"]},
    },
    "github": {
        "users": [{"login": OWNER}, {"login": "stranger"}],
        "repos": [{"owner": OWNER, "name": "models", "auto_init": True}],
    },
}


@dataclass(frozen=True)
class GitHub:
    """The emulator, and the pull request the tests comment on."""

    url: str
    repository: str = f"{OWNER}/models"
    pull_request: int = 1

    def call(self, method: str, path: str, body: object = None, *, token: str = TOKEN) -> Any:
        """One request; fails the test on an error status."""
        answer = requests.request(
            method, f"{self.url}{path}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=20
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def comments(self) -> list[dict[str, Any]]:
        """All comments of the pull request, oldest first."""
        return list(self.call("GET", f"{self._comments}?per_page=100"))

    def add_comment(self, body: str, *, token: str = TOKEN) -> dict[str, Any]:
        """Write a comment as someone."""
        return dict(self.call("POST", self._comments, {"body": body}, token=token))

    @property
    def _comments(self) -> str:
        return f"/repos/{self.repository}/issues/{self.pull_request}/comments"


@contextmanager
def start(directory: Path) -> Iterator[GitHub]:
    """Start an emulator with `acme/models` and its pull request 1; `directory` holds its seed and log."""
    seed = directory / "seed.json"
    seed.write_text(json.dumps(SEED), encoding="utf-8")
    port = _free_port()
    command = node_command(
        node_modules() / "emulate" / "dist" / "index.js",
        *("start", "--service", "github", "--port", str(port), "--seed", str(seed)),
    )
    log = directory / "emulate.log"
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            github = GitHub(f"http://localhost:{port}")
            _wait(github, process, log)
            _open_pull_request(github)
            yield github
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


def _wait(github: GitHub, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while not _answers(github):
        if time.monotonic() > deadline or process.poll() is not None:
            raise PreparationError(f"The GitHub emulator does not answer: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


def _answers(github: GitHub) -> bool:
    try:
        requests.get(f"{github.url}/user", timeout=2)
    except requests.ConnectionError:
        return False
    return True


def _open_pull_request(github: GitHub) -> None:
    repository = f"/repos/{github.repository}"
    head = github.call("GET", f"{repository}/git/ref/heads/main")["object"]["sha"]
    github.call("POST", f"{repository}/git/refs", {"ref": "refs/heads/change", "sha": head})
    github.call(
        "PUT",
        f"{repository}/contents/change.txt",
        {"message": "A change", "content": "YQ==", "branch": "change"},
    )
    pull = github.call("POST", f"{repository}/pulls", {"title": "A change", "head": "change", "base": "main"})
    assert pull["number"] == github.pull_request
