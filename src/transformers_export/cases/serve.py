"""The server in the project interpreter: imports the heavy packages once, then forks one process for each case.

Started by `workers.py` as `python -m transformers_export.cases.serve`. Needs the standard library and what it is told
to preload and to warm up; imports none of the checked repository's modules itself and stays on one thread, because a
fork of a process whose threads hold locks hangs in the child.

    tool                       server                       keeper of case 7           case 7
      |        <- Hello, Ready   |
      |  Run 7 ->                | fork ------------------------> |
      |        <- Started 7, pid |                                | fork ------------------> |
      |        <------------------------------------ Finished 7   | <----------------- exit  |
      |  kills the keeper's family, the keeper last               x
      |        <- Gone 7         |

The keeper adopts whatever the case leaves behind (Linux: child subreaper), so the tool finds a detached grandchild
below it. It waits there until the tool has ended the family. Where the system allows it, case 7 runs in namespaces of
its own (`contain.py`), below a first process that ends them all when the case ends. Where there is no fork, the tool
starts this file with `--case DIRECTORY` for each case instead.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import importlib.metadata
import os
import platform
import select
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from transformers_export.cases import contain
from transformers_export.cases.child import NOT_CONTAINED, run_in_directory
from transformers_export.cases.protocol import (
    PROTOCOL_VERSION,
    Finished,
    Gone,
    Hello,
    Message,
    Problem,
    Ready,
    Run,
    Started,
    from_line,
    to_line,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

REPORTED = ("torch", "transformers", "onnx", "onnxruntime", "onnxscript", "onnx-ir", "numpy", "tokenizers")
"""Distributions whose versions go into the verdict."""
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36


def installed_versions() -> dict[str, str]:
    """Return the version of Python and of every reported distribution that is installed here."""
    versions = {"python": platform.python_version()}
    for name in REPORTED:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


def module_versions(versions: dict[str, str]) -> dict[str, str]:
    """Correct installed versions by what the imported modules say: a checkout on the path wins over an installation."""
    said = {name: getattr(sys.modules.get(name.replace("-", "_")), "__version__", None) for name in versions}
    return {name: str(said[name] or version) for name, version in versions.items()}


class Server:
    """The loop: reads requests, forks keepers, reaps them."""

    def __init__(self, requests: int, replies: int, runner: str) -> None:
        self.requests = requests
        self.replies = replies
        self.runner = runner
        self.wake: tuple[int, ...] = ()
        """The pipe that tells the loop of an ended child."""
        self.contains = False
        """Whether each case gets namespaces of its own."""
        self.keepers: dict[int, int] = {}
        """Process id of each living keeper -> id of its case."""

    def say(self, message: Message) -> None:
        """Write one line. Shorter than a pipe's atomic size, so lines of server and keepers never mix."""
        os.write(self.replies, to_line(message))

    def loop(self) -> None:
        """Serve until the tool closes our standard input, then end everything that is still below us."""
        wake_read, wake_write = os.pipe()
        self.wake = (wake_read, wake_write)
        os.set_blocking(wake_write, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        pending = b""
        while True:
            readable, _, _ = select.select([self.requests, wake_read], [], [])
            if wake_read in readable:
                os.read(wake_read, 4096)
                self.reap()
            if self.requests in readable:
                received = os.read(self.requests, 65536)
                if not received:
                    break
                *lines, pending = (pending + received).split(b"\n")
                for line in lines:
                    self.start(line)
        end_children(self.keepers)

    def start(self, line: bytes) -> None:
        """Fork the keeper of one case."""
        request = from_line(line)
        if not isinstance(request, Run):
            raise TypeError(f"Expected a request to run a case, got {request}.")
        pid = os.fork()
        if pid == 0:
            self.keep(request)
        self.keepers[pid] = request.id
        self.say(Started(request.id, pid))

    def reap(self) -> None:
        """Collect ended keepers, and orphans we adopted after a keeper was killed."""
        with contextlib.suppress(ChildProcessError):
            while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
                if pid in self.keepers:
                    self.say(Gone(self.keepers.pop(pid)))

    def keep(self, request: Run) -> NoReturn:
        """Be the keeper: fork the case, say how it ended, stay as the head of its family until the tool ends us."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor in (self.requests, *self.wake):
            os.close(descriptor)
        os.setpgid(0, 0)
        adopt_orphans()
        end_with_parent()
        code = self.run_contained(request) if self.contains else self.run_here(request)
        self.say(Finished(request.id, exit_code=code) if code >= 0 else Finished(request.id, signal=-code))
        while True:
            with contextlib.suppress(ChildProcessError):
                os.wait()
            time.sleep(0.05)

    def run_here(self, request: Run) -> int:
        """Run the case below the keeper. Returns its exit code, negative for a signal."""
        case = os.fork()
        if case == 0:
            self.be_the_case(request)
        return ending_of(case)

    def run_contained(self, request: Run) -> int:
        """Run the case in namespaces of its own. Returns its exit code, negative for a signal."""
        read, write = os.pipe()
        try:
            contain.enter(Path(request.directory))
            first = os.fork()
        except (contain.NotContained, OSError) as error:
            print(f"No namespaces for case {request.id}: {error}", file=sys.stderr, flush=True)
            return NOT_CONTAINED
        if first == 0:
            os.close(read)
            self.be_the_first(request, write)
        os.close(write)
        ending = ending_of(first)
        said = os.read(read, 16)
        return int(said) if said else ending

    def be_the_first(self, request: Run, write: int) -> NoReturn:
        """Be the first process of the namespaces: everything in them ends with us, and we end with the case.

        Nothing the case could use is left open here, and it may not look into us: our pipe tells how it ended.
        """
        code = NOT_CONTAINED
        try:
            os.close(self.replies)
            contain.settle_in()
            end_with_parent()
            _prctl(_PR_SET_DUMPABLE, 0)
            case = os.fork()
            if case == 0:
                os.close(write)
                _prctl(_PR_SET_DUMPABLE, 1)
                self.be_the_case(request)
            os.write(write, str(ending_of(case)).encode())
            code = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)

    def be_the_case(self, request: Run) -> NoReturn:
        """Be the case: cut off from the protocol, run, leave without the server's clean-up."""
        code = 70
        try:
            with contextlib.suppress(OSError):
                os.close(self.replies)  # the first process of our namespaces has closed it already
            contain.forbid_new_privileges()
            os.setpgid(0, 0)
            end_with_parent()
            code = run_in_directory(Path(request.directory), self.runner)
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 1
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)


def ending_of(case: int) -> int:
    """Wait for a child, and reap what else ends meanwhile. Returns its exit code, negative for a signal."""
    while True:
        pid, status = os.wait()
        if pid == case:
            return os.waitstatus_to_exitcode(status)


def adopt_orphans() -> None:
    """Become the parent of descendants whose parents end (Linux; elsewhere the tool's own records must do)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent() -> None:
    """Ask to be killed when the parent dies (Linux)."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    if sys.platform.startswith("linux"):
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def end_children(known: Iterable[int]) -> None:
    """Kill every child, and the orphans that become children by it, until none is left (at most five seconds).

    `known` are the children where the kernel does not list them.
    """
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    deadline = time.monotonic() + 5
    pids = set(known)
    while time.monotonic() < deadline:
        if listed.exists():
            pids = {int(pid) for pid in listed.read_text(encoding="ascii").split()}
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG)[0]) != 0:
                pids.discard(ended)
        time.sleep(0.01)


def preload(modules: Iterable[str]) -> Problem | None:
    """Import what every case needs, on one thread. Returns the problem instead of raising it."""
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: PERF203 - whatever an import raises is the environment's problem
            return Problem(module, f"{type(error).__name__}: {error}"[:2000])
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    return None


def warm_up(functions: Iterable[str]) -> None:
    """Call what is to be done once instead of in every fork; each is a `module:function` that raises nothing."""
    for name in functions:
        module, _, function = name.partition(":")
        getattr(importlib.import_module(module), function)()


def take_streams() -> tuple[int, int]:
    """Return private copies of standard input and output, and point the originals where prints do no harm."""
    requests, replies = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return requests, replies


def main(argv: list[str] | None = None) -> int:
    """Run the server, or one case where there is no fork. Started by the tool, not by people."""
    parser = argparse.ArgumentParser(prog="python -m transformers_export.cases.serve", description=__doc__)
    parser.add_argument("--runner", required=True, help="module:function that is called with each case")
    parser.add_argument("--preload", nargs="*", default=[], help="modules to import before the first case")
    parser.add_argument("--warm-up", nargs="*", default=[], help="module:function to call before the first fork")
    parser.add_argument("--case", type=Path, help="run the case in this directory and end")
    parser.add_argument(
        "--no-fork", action="store_true", help="only report what is installed here, and whether it imports"
    )
    parser.add_argument("--no-namespaces", action="store_true", help="do not try to give cases namespaces of their own")
    options = parser.parse_args(argv)
    if options.case is not None:
        if problem := preload(options.preload):
            raise ImportError(f"{problem.module}: {problem.message}")
        return run_in_directory(options.case, options.runner)
    gc.disable()  # imports make what stays: looking for garbage among it costs a fifth of them
    requests, replies = take_streams()
    server = Server(requests, replies, options.runner)
    # Frameworks of macOS that torch loads do not survive a fork.
    can_fork = hasattr(os, "fork") and sys.platform != "darwin" and not options.no_fork
    versions = installed_versions()
    server.say(Hello(PROTOCOL_VERSION, can_fork, versions))
    if problem := preload(options.preload):
        server.say(problem)
        return 1
    if can_fork:
        warm_up(options.warm_up)
    refused = "not tried" if options.no_namespaces or not can_fork else contain.why_not()
    server.contains = not refused
    server.say(Ready(module_versions(versions), refused or None))
    if can_fork:
        adopt_orphans()
        gc.collect()
        gc.freeze()
        server.loop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
