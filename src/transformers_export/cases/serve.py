"""The server in the project interpreter: imports the heavy packages once, then forks one process for each case.

Started by `workers.py` through `isolated_start.py`. Needs the standard library and what it is told to preload and to
warm up; imports none of the checked repository's modules itself and stays on one thread, because a fork of a process
whose threads hold locks hangs in the child.

    tool                       server                       keeper of case 7           case 7
      |        <- Hello, Ready   |
      |  Run 7 ->                | fork ------------------------> |
      |        <- Started 7, pid |                                | fork ------------------> |
      |        <------------------------------------ Inside 7     | (in new namespaces)      |
      |  looks, Go 7 ->          | -----------------------------------------------> imports the repository
      |        <------------------------------------ Finished 7   | <----------------- exit  |
      |  kills the keeper's family, the keeper last               x
      |        <- Gone 7         |

The keeper adopts whatever the case leaves behind (Linux: child subreaper), so the tool finds a detached grandchild
below it. It waits there until the tool has ended the family. Where the system allows it, case 7 runs in namespaces of
its own (`contain.py`), below a first process that ends them all when the case ends. Where there is no fork, the tool
starts this file with `--case DIRECTORY` for each case instead.

Where `transformers` itself is the repository's (a checkout), each case would have to import it, for two seconds. So the
server imports what is installed, moves into namespaces made for this run, waits for `Go`, and only there imports the
checkout, once. Cases are plain forks then, all in the same namespaces.
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

from transformers_export.cases import contain, isolated_start
from transformers_export.cases.child import NOT_CONTAINED, keep_files_in, run_in_directory
from transformers_export.cases.processes import adopt_orphans, end_children, end_with_parent, ending_of, set_dumpable
from transformers_export.cases.protocol import (
    MAX_LINE_BYTES,
    PROTOCOL_VERSION,
    SERVER_FOLDER,
    Finished,
    Go,
    Gone,
    Hello,
    Inside,
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
_INSIDE = b"."


def installed_versions() -> dict[str, str]:
    """Return the version of Python and of every reported distribution that is installed here."""
    versions = {"python": platform.python_version()}
    for name in REPORTED:
        for found in importlib.metadata.distributions(name=name, path=isolated_start.case_path()):
            versions.setdefault(name, found.version)
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
        self.waiting: dict[int, int] = {}
        """Case that waits in its namespaces -> the pipe that lets it go on."""
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
        if isinstance(request, Go) and request.id in self.waiting:
            self._let_go(request.id, b"g")
            return
        if not isinstance(request, Run):
            raise TypeError(f"Expected a request to run a case, got {request}.")
        go_read, go_write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(go_write)
            self.keep(request, go_read)
        os.close(go_read)
        self.keepers[pid] = request.id
        self.waiting[request.id] = go_write
        self.say(Started(request.id, pid))

    def _let_go(self, case: int, word: bytes = b"") -> None:
        pipe = self.waiting.pop(case)
        with contextlib.suppress(BrokenPipeError):
            os.write(pipe, word)
        os.close(pipe)

    def reap(self) -> None:
        """Collect ended keepers, and orphans we adopted after a keeper was killed."""
        with contextlib.suppress(ChildProcessError):
            while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
                if pid in self.keepers:
                    case = self.keepers.pop(pid)
                    if case in self.waiting:
                        self._let_go(case)
                    self.say(Gone(case))

    def keep(self, request: Run, go: int) -> NoReturn:
        """Be the keeper: fork the case, say how it ended, stay as the head of its family until the tool ends us."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor in (self.requests, *self.wake, *self.waiting.values()):
            os.close(descriptor)
        os.setpgid(0, 0)
        adopt_orphans()
        end_with_parent()
        code = self.run_contained(request, go) if self.contains else self.run_here(request)
        self.say(Finished(request.id, exit_code=code) if code >= 0 else Finished(request.id, signal=-code))
        while True:
            with contextlib.suppress(ChildProcessError):
                os.wait()
            time.sleep(0.05)

    def move_into_namespaces(self, folders: list[Path]) -> None:
        """Go on in namespaces that only this run's cases share. The processes outside wait, and end with us.

        Returns in the first process there, once the tool has seen it from outside. Only `folders` can be written.

        Raises:
            NotContained: the system refuses.
        """
        single = os.fork()  # of a process with threads, which imports have started, no user namespace can be made
        if single:
            os.close(self.replies)
            os._exit(max(0, ending_of(single)))
        end_with_parent()
        read, write = os.pipe()
        contain.enter(*folders)
        first = os.fork()
        if first:
            os.close(write)
            if os.read(read, 1) == _INSIDE:
                self.say(Inside(first))
            os.close(self.replies)
            os._exit(max(0, ending_of(first)))
        os.close(read)
        contain.settle_in()
        end_with_parent()
        keep_files_in(folders[0])
        os.write(write, _INSIDE)
        os.close(write)
        line = os.read(self.requests, MAX_LINE_BYTES)
        if not line or not isinstance(from_line(line), Go):
            os._exit(NOT_CONTAINED)

    def run_here(self, request: Run) -> int:
        """Run the case below the keeper. Returns its exit code, negative for a signal."""
        case = os.fork()
        if case == 0:
            self.be_the_case(request)
        return ending_of(case)

    def run_contained(self, request: Run, go: int) -> int:
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
            self.be_the_first(request, write, go)
        os.close(write)
        if os.read(read, 1) == _INSIDE:
            self.say(Inside(first, request.id))
        ending = ending_of(first)
        said = os.read(read, 16)
        return int(said) if said else ending

    def be_the_first(self, request: Run, write: int, go: int) -> NoReturn:
        """Be the first process of the namespaces: everything in them ends with us, and we end with the case.

        Nothing the case could use is left open here, and it may not look into us: our pipe tells how it ended.
        """
        code = NOT_CONTAINED
        try:
            os.close(self.replies)
            contain.settle_in()
            end_with_parent()
            set_dumpable(dumpable=False)
            os.write(write, _INSIDE)
            if not os.read(go, 1):
                os._exit(NOT_CONTAINED)
            os.close(go)
            case = os.fork()
            if case == 0:
                os.close(write)
                set_dumpable(dumpable=True)
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
            isolated_start.search_repository()
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


def divided(modules: list[str]) -> tuple[list[str], list[str]]:
    """Return what can be imported before the checkout, and the checkout's with what needs it: our own modules."""
    names = {module: module.partition(".")[0] for module in modules}
    late = [m for m in modules if names[m] == "transformers_export" or isolated_start.comes_from_repository(names[m])]
    return [module for module in modules if module not in late], late


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
    parser = argparse.ArgumentParser(prog="serve", description=__doc__)
    parser.add_argument("--runner", required=True, help="module:function that is called with each case")
    parser.add_argument("--preload", nargs="*", default=[], help="modules to import before the first case")
    parser.add_argument("--warm-up", nargs="*", default=[], help="module:function to call before the first fork")
    parser.add_argument("--case", type=Path, help="run the case in this directory and end")
    parser.add_argument(
        "--no-fork", action="store_true", help="only report what is installed here, and whether it imports"
    )
    parser.add_argument("--no-namespaces", action="store_true", help="do not try to give cases namespaces of their own")
    parser.add_argument("--cases", type=Path, help="the folder that holds the directories of all cases of this run")
    options = parser.parse_args(argv)
    if options.case is not None:
        isolated_start.search_repository()
        if problem := preload(options.preload):
            raise ImportError(f"{problem.module}: {problem.message}")
        return run_in_directory(options.case, options.runner)
    gc.disable()  # imports make what stays: looking for garbage among it costs a fifth of them
    requests, replies = take_streams()
    server = Server(requests, replies, options.runner)
    # Frameworks of macOS that torch loads do not survive a fork.
    can_fork = hasattr(os, "fork") and sys.platform != "darwin" and not options.no_fork
    versions = installed_versions()
    refused = "not tried" if options.no_namespaces or not can_fork else contain.why_not()
    checkout = any(isolated_start.comes_from_repository(module.partition(".")[0]) for module in options.preload)
    server.contains = not refused and not checkout
    server.say(Hello(PROTOCOL_VERSION, can_fork, versions, refused or None, checkout))
    first, then = divided(options.preload) if checkout else (options.preload, [])
    if problem := preload(first):
        server.say(problem)
        return 1
    if checkout:
        if not refused:
            server.move_into_namespaces([options.cases / SERVER_FOLDER, *options.cases.glob("case-*")])
        isolated_start.search_repository()
        if problem := preload(then):
            server.say(problem)
            return 1
    if can_fork:
        warm_up(options.warm_up)
    server.say(Ready(module_versions(versions)))
    if can_fork:
        adopt_orphans()
        gc.collect()
        gc.freeze()
        server.loop()
    return 0
