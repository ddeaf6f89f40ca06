"""GitHub's REST API for the tests: a stateful emulator started on a free port, with one repository and pull request.

The emulator is the npm package `emulate`, one for the session; each test gets a repository of its own (`another`). What
it does not do (workflow runs, artifacts, faults, a comment's length) stands before it: `front_door.py`.
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
    head_repository: str = f"{OWNER}/models"
    """Where the pull request comes from; its branch is `change`."""

    def another(self, name: str, *, fork: bool = False) -> GitHub:
        """A repository of its own with a pull request, from a stranger's fork if asked."""
        self.call("POST", "/user/repos", {"name": name, "auto_init": True})
        repository = f"{OWNER}/{name}"
        if fork:
            self.call("POST", f"/repos/{repository}/forks", {}, token=STRANGER_TOKEN)
        github = GitHub(self.url, repository, head_repository=f"stranger/{name}" if fork else repository)
        _open_pull_request(github, STRANGER_TOKEN if fork else TOKEN)
        return github

    def pull(self) -> dict[str, Any]:
        """The pull request."""
        return dict(self.call("GET", self._pull))

    @property
    def head(self) -> str:
        """The commit the pull request stands on."""
        return str(self.pull()["head"]["sha"])

    def push(self) -> str:
        """Move the pull request's head on to a new commit, and return that."""
        self.call("PUT", f"{self._pull}/update-branch", {})
        return self.head

    def close(self) -> None:
        """Close the pull request."""
        self.call("PATCH", self._pull, {"state": "closed"})

    def call(self, method: str, path: str, body: object = None, *, token: str = TOKEN) -> Any:
        """One request; fails the test on an error status."""
        answer = requests.request(
            method, f"{self.url}{path}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=20
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def comments(self) -> list[dict[str, Any]]:
        """All comments of the pull request, oldest first."""
        return list(self.call("GET", f"{self.comments_path}?per_page=100"))

    def add_comment(self, body: str, *, token: str = TOKEN) -> dict[str, Any]:
        """Write a comment as someone."""
        return dict(self.call("POST", self.comments_path, {"body": body}, token=token))

    @property
    def _pull(self) -> str:
        return f"/repos/{self.repository}/pulls/{self.pull_request}"

    @property
    def comments_path(self) -> str:
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


def _open_pull_request(github: GitHub, token: str = TOKEN) -> None:
    """`token` is whoever's the head repository is."""
    theirs = f"/repos/{github.head_repository}"
    head = github.call("GET", f"{theirs}/git/ref/heads/main")["object"]["sha"]
    github.call("POST", f"{theirs}/git/refs", {"ref": "refs/heads/change", "sha": head}, token=token)
    content = {"message": "A change", "content": "YQ==", "branch": "change"}
    github.call("PUT", f"{theirs}/contents/change.txt", content, token=token)
    change = f"{github.head_repository.partition('/')[0]}:change"
    asked = {"title": "A change", "head": change, "base": "main"}
    pull = github.call("POST", f"/repos/{github.repository}/pulls", asked)
    assert pull["number"] == github.pull_request
