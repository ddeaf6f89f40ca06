"""Starting the project interpreter and talking to it: the tool's end of the protocol in `protocol.py`.

Two launchers with one face: a warm server that forks each case, and, where there is no fork, a fresh process a case.
Limits, order and results are the business of `workers.py`.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shlex
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Protocol, cast

from transformers_export.cases.environment import isolated, scrubbed
from transformers_export.cases.limits import Family
from transformers_export.cases.protocol import (
    MAX_LINE_BYTES,
    PROTOCOL_VERSION,
    Finished,
    Go,
    Gone,
    Hello,
    Inside,
    Message,
    Problem,
    ProtocolError,
    Ready,
    Run,
    Started,
    from_line,
    log_file,
    to_line,
)
from transformers_export.cases.seen import lacking
from transformers_export.cases.versions import EnvironmentProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_MAX_STDERR = 2000


@dataclass(frozen=True)
class Died:
    """The server ended although nobody asked it to. Its cases are lost; `why` is a sentence."""

    why: str


Event = Started | Inside | Finished | Gone | Died


@dataclass(frozen=True)
class Interpreter:
    """How to start the project interpreter."""

    python: str
    """Path or name of the executable."""
    package: Path
    """The folder that holds our package and nothing else."""
    repository: tuple[Path, ...]
    """Folders of the checked repository, from which only cases import."""
    search_path: tuple[Path, ...]
    """Folders that a case searches before its packages: a checkout's source."""
    runner: str
    """`module:function` that is called with each case."""
    preload: tuple[str, ...]
    """Modules to import once, before the first case."""
    start_timeout: float
    """Seconds until everything must be imported."""
    warm_up: tuple[str, ...] = ()
    """`module:function` to call once, before the first fork."""

    def start(self, log: Path, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `serve.py` with the scrubbed environment, in a session of its own: Ctrl-C reaches the tool alone.

        Raises:
            EnvironmentProblem: the executable cannot be started.
        """
        command = [
            *isolated(self.python, "serve", self.repository, self.search_path),
            "--runner",
            self.runner,
            *arguments,
        ]
        with log.open("ab") as errors:
            try:
                return subprocess.Popen(
                    [*command, "--preload", *self.preload, "--warm-up", *self.warm_up],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env=scrubbed(os.environ, (self.package,)),
                    cwd=self.package,
                    start_new_session=True,
                )
            except OSError as error:
                raise EnvironmentProblem(
                    f"Expected the project interpreter at {self.python}: {error.strerror or error}. "
                    "Name it with --python or the setting `python`."
                ) from error


@dataclass(frozen=True)
class Session:
    """A started project interpreter: what is in it, and the launcher for its cases."""

    versions: dict[str, str]
    launcher: Launcher
    forks: bool
    """Whether cases are forks of a warm server."""
    not_contained: str | None = None
    """What refused to give cases namespaces of their own; None where they have them."""
    checkout: bool = False
    """Whether the server itself imports the checked repository: in namespaces of the whole run, if there are any."""

    @property
    def together(self) -> bool:
        """Whether all cases of the run share their namespaces with the server."""
        return self.checkout and self.not_contained is None


class Launcher(Protocol):
    """Starts cases and tells what becomes of them."""

    def start(self, case: int, directory: Path) -> None:
        """Start the case that lies in `directory`."""

    def go(self, case: int) -> None:
        """Let a case go on that said it is inside its namespaces."""

    @property
    def pid(self) -> int:
        """The process below which all cases run; 0 where there is none."""

    def event(self, timeout: float) -> Event | None:
        """Return what happened next, or None when nothing did within `timeout` seconds."""

    def close(self) -> None:
        """End the interpreter and everything below it."""


def open_session(
    interpreter: Interpreter,
    directory: Path,
    cases: Path,
    accept: Callable[[dict[str, str]], None],
    *,
    fork: bool = True,
    contain: bool = True,
) -> Session:
    """Start the server and wait until it has imported everything.

    Args:
        interpreter: what to start.
        directory: for its error output.
        cases: the folder with the directories of all cases.
        accept: called with the installed versions before anything is imported; raises what is wrong with them.
        fork: False to start a fresh process for each case even where the system could fork.
        contain: False not to try namespaces.

    Raises:
        EnvironmentProblem: it does not start, lacks a package, cannot import one, or needs longer than allowed.
    """
    arguments = (*(() if fork else ("--no-fork",)), *(() if contain else ("--no-namespaces",)))
    server = _Server(interpreter, directory / "server.log", (*arguments, "--cases", str(cases)))
    try:
        hello = server.next_message()
        if not isinstance(hello, Hello) or hello.protocol != PROTOCOL_VERSION:
            raise EnvironmentProblem(
                f"Expected a greeting in protocol {PROTOCOL_VERSION} from the server, got {hello}."
            )
        accept(hello.versions)
        ready = server.next_message()
        if isinstance(ready, Inside):
            if why := lacking(ready.pid, server.pid):
                raise EnvironmentProblem(f"Expected the server in namespaces of its own, but {why}.")
            server.contained = True
            server.go(None)
            ready = server.next_message()
        elif hello.checkout and hello.not_contained is None and not isinstance(ready, Problem):
            raise EnvironmentProblem(f"Expected the server to move into namespaces of its own, got {ready}.")
        if isinstance(ready, Problem):
            raise EnvironmentProblem(
                f"The project interpreter cannot import {ready.module}: {ready.message}. "
                f"Try it: {shlex.quote(interpreter.python)} -c 'import {ready.module}'"
            )
        if not isinstance(ready, Ready):
            raise EnvironmentProblem(f"Expected the server to be ready, got {ready}.")
    except BaseException:
        server.close()
        raise
    if hello.can_fork:
        return Session(ready.versions, server, True, hello.not_contained, hello.checkout)
    server.close()
    return Session(ready.versions, _FreshProcesses(interpreter), False, "a fresh process has none", hello.checkout)


class _Server:
    """The warm server: one process, and one thread of ours that turns its lines into messages."""

    def __init__(self, interpreter: Interpreter, log: Path, arguments: Sequence[str]) -> None:
        self._python = interpreter.python
        self._log = log
        self._deadline = time.monotonic() + interpreter.start_timeout
        self._process = interpreter.start(log, *arguments)
        self.contained = False
        """Whether all of it but the started process lives in one process namespace."""
        self._requests = cast("IO[bytes]", self._process.stdin)
        self._replies = cast("IO[bytes]", self._process.stdout)
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        """Queue every message; None for the end, or for a line that is no message, after which nothing is believed."""
        with contextlib.suppress(ProtocolError, OSError, ValueError):
            while line := self._replies.readline(MAX_LINE_BYTES + 1):
                self._messages.put(from_line(line))
        self._messages.put(None)

    def next_message(self) -> Message:
        """Return the next message while the server starts.

        Raises:
            EnvironmentProblem: it ended, or its time to start is over.
        """
        try:
            message = self._messages.get(timeout=max(0.0, self._deadline - time.monotonic()))
        except queue.Empty:
            raise EnvironmentProblem(f"{self._python} was not ready in time. {self._last_words()}".rstrip()) from None
        if message is None:
            raise EnvironmentProblem(f"{self._python} could not start. {self._last_words()}".rstrip())
        return message

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    def start(self, case: int, directory: Path) -> None:
        """Ask for one case. A server that cannot hear any more says so by `Died`."""
        self._tell(Run(case, str(directory)))

    def go(self, case: int | None) -> None:
        """Let a case, or the server itself, go on."""
        self._tell(Go(case))

    def _tell(self, message: Message) -> None:
        with contextlib.suppress(OSError):
            self._requests.write(to_line(message))
            self._requests.flush()

    def event(self, timeout: float) -> Event | None:
        """Return what the server said next."""
        try:
            message = self._messages.get(timeout=timeout)
        except queue.Empty:
            return None
        if isinstance(message, Started | Inside | Finished | Gone):
            return message
        return Died(f"The server in the project interpreter ended. {self._last_words()}".rstrip())

    def close(self) -> None:
        """End the server and everything below it."""
        Family(self._process.pid, count_root=False, contained=self.contained).kill()
        self._process.wait()
        self._reader.join(timeout=1)
        _close_streams(self._process)

    def _last_words(self) -> str:
        return _tail(self._log)


class _FreshProcesses:
    """Where there is no fork: one new process a case, which imports everything again."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter
        self._events: list[Event] = []
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self.pid = 0

    def start(self, case: int, directory: Path) -> None:
        """Start the process of one case."""
        process = self._interpreter.start(log_file(directory), "--case", str(directory))
        self._running[case] = process
        self._events.append(Started(case, process.pid))

    def go(self, case: int) -> None:
        """Do nothing: no process of ours waits."""

    def event(self, timeout: float) -> Event | None:
        """Return what happened next: a start, or the end of a process."""
        if self._events:
            return self._events.pop(0)
        deadline = time.monotonic() + timeout
        while True:
            for case, process in self._running.items():
                if (code := process.poll()) is not None:
                    del self._running[case]
                    _close_streams(process)
                    return Finished(case, exit_code=code) if code >= 0 else Finished(case, signal=-code)
            if time.monotonic() >= deadline:
                return None
            time.sleep(0.01)

    def close(self) -> None:
        """End every process and everything below it."""
        for process in self._running.values():
            Family(process.pid, count_root=True).kill()
            process.wait()
            _close_streams(process)
        self._running.clear()


def _close_streams(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _tail(log: Path) -> str:
    """Return the last lines of an error output, or nothing."""
    try:
        return log.read_bytes()[-_MAX_STDERR:].decode(errors="replace").strip()
    except OSError:
        return ""
