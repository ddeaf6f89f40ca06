"""What stands before the GitHub emulator: workflow runs and artifacts, which it lacks, and every way GitHub fails.

All else is handed on to the emulator, whose addresses in the answers are replaced by ours. A fault is a function that
gets the request and may hand it on itself; the first that fits and has turns left is taken.
"""

from __future__ import annotations

import json
import re
import socket
import struct
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
from pytest_httpserver import HTTPServer
from werkzeug import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from werkzeug import Request

    from support.github_api import GitHub

    HandOn = Callable[[], Response]
    Answer = Callable[[Request, HandOn], Response]

TOO_LONG = {
    "message": "Validation Failed",
    "errors": [{"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": "Body is too long"}],
}


@dataclass
class Fault:
    """One thing that goes wrong, `times` times."""

    method: str
    path: str
    """What the path ends with."""
    answer: Answer
    times: int = 1


@dataclass
class FrontDoor:
    """A GitHub server with the emulator behind it. `prefix` is the API's path, as GitHub Enterprise has one."""

    behind: GitHub
    prefix: str = ""
    faults: list[Fault] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    """Text of the emulator's answers that is replaced: its own SHAs by those of a real repository."""
    requests: list[str] = field(default_factory=list)
    """`METHOD path` of everything that was asked."""
    _runs: dict[int, dict[str, Any]] = field(default_factory=dict)
    _artifacts: dict[int, tuple[int, dict[str, Any], bytes]] = field(default_factory=dict)
    _server: HTTPServer = field(default_factory=lambda: HTTPServer(host="localhost", port=0, threaded=True))

    @property
    def repository(self) -> str:
        return self.behind.repository

    @property
    def pull_request(self) -> int:
        return self.behind.pull_request

    @property
    def root(self) -> str:
        """GITHUB_SERVER_URL."""
        return f"http://localhost:{self._server.port}"

    @property
    def url(self) -> str:
        """GITHUB_API_URL."""
        return self.root + self.prefix

    def fault(self, method: str, path: str, answer: Answer, *, times: int = 1) -> None:
        """Let the next `times` requests to a path with this end be answered so."""
        self.faults.append(Fault(method, path, answer, times))

    def count(self, method: str) -> int:
        """How many requests of a method there were."""
        return sum(request.startswith(f"{method} ") for request in self.requests)

    def comments(self) -> list[dict[str, Any]]:
        """All comments of the pull request, with the addresses this door gives them."""
        return list(json.loads(self._ours(json.dumps(self.behind.comments()))))

    def add_run(self, number: int, head: str, branch: str, repository: str | None, **more: object) -> None:
        """A workflow run on `branch` of `repository`, which is None when the fork was deleted."""
        base = self.behind.call("GET", f"/repos/{self.behind.repository}")
        self._runs[number] = {
            "id": number,
            "url": f"{self.url}/repos/{self.behind.repository}/actions/runs/{number}",
            "event": "pull_request",
            "status": "completed",
            "conclusion": "success",
            "head_sha": head,
            "head_branch": branch,
            "run_attempt": 1,
            "pull_requests": [],
            "repository": base,
            "head_repository": self.behind.call("GET", f"/repos/{repository}") if repository else None,
            **more,
        }

    def add_artifact(self, run: int, data: bytes, *, name: str = "export-verdict", **more: object) -> None:
        """What a run has uploaded."""
        number = len(self._artifacts) + 1
        told = {"id": number, "name": name, "size_in_bytes": len(data), "expired": False, **more}
        self._artifacts[number] = (run, told, data)

    def _handle(self, request: Request) -> Response:
        path = request.path.removeprefix(self.prefix)
        self.requests.append(f"{request.method} {path}")
        for fault in self.faults:
            if fault.times and fault.method == request.method and path.endswith(fault.path):
                fault.times -= 1
                return fault.answer(request, lambda: self._answer(request, path))
        return self._answer(request, path)

    def _answer(self, request: Request, path: str) -> Response:
        if found := re.fullmatch(r"/storage/(\d+)", path):
            known = "Authorization" in request.headers  # a storage knows no GitHub tokens, and refuses them
            return Response("", 403) if known else Response(self._artifacts[int(found[1])][2])
        if found := re.fullmatch(r"/repos/[^/]+/[^/]+/actions/(.*)", path):
            return self._action(found[1])
        if request.method in ("POST", "PATCH") and len((request.get_json(silent=True) or {}).get("body", "")) > 65_536:
            return as_json(TOO_LONG, 422)
        return self._handed_on(request, path)

    def _action(self, path: str) -> Response:
        if found := re.fullmatch(r"artifacts/(\d+)/zip", path):
            return Response("", 302, {"Location": f"{self.url}/storage/{found[1]}"})
        if found := re.fullmatch(r"runs/(\d+)/artifacts", path):
            artifacts = [told for run, told, _ in self._artifacts.values() if run == int(found[1])]
            return as_json({"total_count": len(artifacts), "artifacts": artifacts})
        found = re.fullmatch(r"runs/(\d+)", path)
        run = self._runs.get(int(found[1])) if found else None
        return as_json(run) if run else as_json({"message": "Not Found"}, 404)

    def _handed_on(self, request: Request, path: str) -> Response:
        kept = {name: value for name, value in request.headers if name in ("Authorization", "Content-Type", "Accept")}
        answer = requests.request(
            request.method,
            f"{self.behind.url}{path}?{request.query_string.decode()}",
            data=request.get_data(),
            headers=kept,
            timeout=20,
        )
        headers = {
            name: self._ours(answer.headers[name]) for name in ("Content-Type", "Link") if name in answer.headers
        }
        return Response(self._ours(answer.text), answer.status_code, headers)

    def _ours(self, text: str) -> str:
        text = text.replace(self.behind.url, self.url)
        for theirs, ours in self.renamed.items():
            text = text.replace(theirs, ours)
        return text


@contextmanager
def open_door(behind: GitHub, prefix: str = "") -> Iterator[FrontDoor]:
    """A front door for one test."""
    door = FrontDoor(behind, prefix)
    door._server.expect_request(re.compile(".*")).respond_with_handler(door._handle)
    with door._server:
        yield door


def as_json(body: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(json.dumps(body), status, content_type="application/json")


def refuses(status: int, message: str = "", **headers: str) -> Answer:
    """Answer with an error, and do nothing."""

    def answer(_: Request, hand_on: HandOn) -> Response:
        refusal = as_json({"message": message}, status)
        refusal.headers.extend({name.replace("_", "-"): value for name, value in headers.items()})
        return refusal

    return answer


def loses(status: int) -> Answer:
    """Do what was asked, and answer with a server error all the same."""

    def answer(_: Request, hand_on: HandOn) -> Response:
        hand_on()
        return Response("upstream went away", status)

    return answer


def breaks_off(request: Request, hand_on: HandOn) -> Response:
    """Do what was asked, and reset the connection in the middle of the answer."""
    done = hand_on()
    body = done.get_data()
    connection: socket.socket = request.environ["werkzeug.socket"]

    def half() -> Iterator[bytes]:
        yield body[: len(body) // 2]
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not an end
        connection.close()
        raise ConnectionAbortedError

    return Response(half(), done.status_code, {**done.headers, "Content-Length": str(len(body))})


def meanwhile(happens: Callable[[], object]) -> Answer:
    """Let something happen on GitHub before the request is answered."""

    def answer(_: Request, hand_on: HandOn) -> Response:
        happens()
        return hand_on()

    return answer
