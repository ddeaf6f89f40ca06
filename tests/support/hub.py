"""A model hub on localhost: serves directories as checkpoints under their hub ids."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Hub:
    """A running hub."""

    endpoint: str
    """For HF_ENDPOINT."""
    asked: list[str]
    """Every path that was asked for."""

    def environment(self, home: Path) -> dict[str, str]:
        """What makes huggingface_hub use it, with nothing in its cache."""
        return {
            "HF_ENDPOINT": self.endpoint,
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HOME": str(home),
        }


class _Handler(SimpleHTTPRequestHandler):
    """Serves `/<owner>/<name>/resolve/<revision>/<file>` as a hub does: a commit and an ETag on every file."""

    asked: list[str] = []  # noqa: RUF012  (set anew for each server)
    name = ""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, *, body: bool) -> None:
        path = unquote(urlparse(self.path).path)
        self.asked.append(path)
        prefix = f"/{self.name}/resolve/main/"
        file = Path(self.directory) / path.removeprefix(prefix)
        if not path.startswith(prefix) or not file.is_file():
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = file.read_bytes()
        self.send_response(200)
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("ETag", f'"{file.name}-{len(content)}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content)


@contextmanager
def serve(name: str, directory: Path) -> Iterator[Hub]:
    """Serve one directory under a hub id such as `acme/tiny-distilbert`."""
    asked: list[str] = []
    handler = type("Handler", (_Handler,), {"asked": asked, "name": name})
    server = ThreadingHTTPServer(("localhost", 0), partial(handler, directory=str(directory)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Hub(f"http://localhost:{server.server_port}", asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
