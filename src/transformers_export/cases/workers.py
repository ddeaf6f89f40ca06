"""Running cases: in the project interpreter, side by side, under limits, to one result each.

The tool's side of it, and its only entrance: `run_cases`. How the interpreter is started and spoken to is in
`launch.py`, how a family of processes is watched and ended in `limits.py`, what an ending means in `outcome.py`.
"""

from __future__ import annotations

import tempfile
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from transformers_export.cases.child import NOT_CONTAINED
from transformers_export.cases.contain import hides
from transformers_export.cases.costs import costs
from transformers_export.cases.environment import expose_package
from transformers_export.cases.launch import Died, Interpreter, Session, open_session
from transformers_export.cases.limits import Family, exceeded
from transformers_export.cases.orphans import Orphans, adopted_orphans
from transformers_export.cases.outcome import Ending, settle
from transformers_export.cases.protocol import (
    MAX_RESULT_BYTES,
    SERVER_FOLDER,
    Finished,
    Gone,
    Inside,
    Started,
    case_file,
    encode_case,
    log_file,
    result_file,
)
from transformers_export.cases.seen import lacking, outer_pid
from transformers_export.cases.types import Case
from transformers_export.cases.versions import EnvironmentProblem, require, untested
from transformers_export.folders import remove_folder
from transformers_export.verdict.types import CaseResult

RUNNER = "transformers_export.cases.run:run_case"
PRELOAD = ("torch", "transformers", "transformers_export.cases.run")
_PRELOAD_FOR_ONNX = ("onnx", "onnxruntime")
_PRELOAD_FOR_DYNAMO = ("onnxscript", "transformers_export.onnx.exporters.dynamo")
_WARM_UP = "transformers_export.onnx.exporters.warm"
_PRELOAD_FOR_TORCHSCRIPT = ("transformers_export.torchscript.convert", "transformers_export.torchscript.validation")
TICK = 0.1
"""Seconds between two looks at what a case uses."""
_MAX_SERVERS = 2
"""A server that dies is started once more."""
_LOG_BYTES = 16 * 2**10
_NOT_SEEN = "The case did not run: it was to be isolated, but {why}."

Progress = Callable[[Case, CaseResult | None], None]
"""Called with a case when it starts (None) and when it ends (its result)."""


@dataclass(frozen=True)
class Workers:
    """Where and how cases run."""

    python: str
    """The project interpreter."""
    jobs: int = 1
    """How many cases run at once."""
    search_path: tuple[Path, ...] = ()
    """Folders its Python searches before its packages: the source of a transformers checkout."""
    repository: tuple[Path, ...] = ()
    """Folders of the checked repository beside those of the cases: nothing in them is imported but by a case."""
    runner: str = RUNNER
    """`module:function` in the project interpreter, called with each case, returns its result."""
    preload: tuple[str, ...] = PRELOAD
    start_timeout: float = 300.0
    """Seconds for the imports; a cold disk takes most of a minute."""
    fork: bool = True
    """False: a fresh process for each case, as where there is no fork."""
    contain: bool = True
    """False: no namespaces, as where the system has none for us."""


@dataclass(frozen=True)
class Outcome:
    """What came of a run."""

    results: tuple[CaseResult, ...]
    """One for each case, in the order of the cases."""
    versions: dict[str, str]
    """What the project interpreter has."""
    warnings: tuple[str, ...]
    isolation: str


def run_cases(cases: tuple[Case, ...], workers: Workers, progress: Progress = lambda case, result: None) -> Outcome:
    """Run every case in a process of its own and return what became of each.

    Raises:
        EnvironmentProblem: the project interpreter cannot run any case. Whatever happens later is in the results.
    """
    directory = Path(tempfile.mkdtemp(prefix="transformers-export-"))
    try:
        with adopted_orphans() as orphans:
            return _Run(cases, workers, progress, directory, orphans).outcome()
    finally:
        remove_folder(directory)


@dataclass
class _Running:
    """A case between its start and its end."""

    case: Case
    directory: Path
    since: float
    family: Family | None = None
    keeper: int = 0
    """The process that stays until we end it."""
    looked: float = 0.0


@dataclass
class _Run:
    """One run of many cases: what waits, what runs, what is done."""

    cases: tuple[Case, ...]
    workers: Workers
    progress: Progress
    directory: Path
    orphans: Orphans | None = None
    running: dict[int, _Running] = field(default_factory=dict)
    results: dict[int, CaseResult] = field(default_factory=dict)
    isolated: set[int] = field(default_factory=set)
    """Cases that we saw isolated, from outside."""
    together: bool = False
    """Whether foreign code may run beside a case that has ended, and so reach its folder."""

    def outcome(self) -> Outcome:
        interpreter = Interpreter(
            python=self.workers.python,
            package=expose_package(self.directory),
            repository=self._repository(),
            search_path=self.workers.search_path,
            runner=self.workers.runner,
            preload=self._preload(),
            warm_up=self._warm_up(),
            start_timeout=self.workers.start_timeout,
        )
        self._lay_out()
        session = self._open(interpreter)
        seconds = costs(self.cases, {})
        # Expensive ones first: a long case that starts last leaves the other workers idle.
        waiting = deque(sorted(range(len(self.cases)), key=lambda number: -seconds[number]))
        for attempt in range(1, _MAX_SERVERS + 1):
            died = self._serve(session, waiting)
            if died is None or not waiting:
                break
            if attempt == _MAX_SERVERS:
                self._give_up(waiting, died)
                break
            try:
                session = self._open(interpreter)
            except EnvironmentProblem as problem:
                self._give_up(waiting, str(problem))
                break
        return Outcome(
            results=tuple(self.results[number] for number in range(len(self.cases))),
            versions=session.versions,
            warnings=untested(session.versions),
            isolation=isolation(session, len(self.isolated), len(self.cases)),
        )

    def _repository(self) -> tuple[Path, ...]:
        folders = {Path(case.provider.folder) for case in self.cases if case.provider.folder}
        return tuple({*folders, *self.workers.repository})

    def _preload(self) -> tuple[str, ...]:
        if self.workers.runner != RUNNER:
            return self.workers.preload
        asked = {case.exporter for case in self.cases}
        return (
            *self.workers.preload,
            *(_PRELOAD_FOR_ONNX if asked - {"torchscript"} else ()),
            *(_PRELOAD_FOR_DYNAMO if asked & {"dynamo", "auto"} else ()),
            *(_PRELOAD_FOR_TORCHSCRIPT if "torchscript" in asked else ()),
        )

    def _warm_up(self) -> tuple[str, ...]:
        if self.workers.runner != RUNNER:
            return ()
        asked = {case.exporter for case in self.cases}
        return (
            *((f"{_WARM_UP}:legacy",) if asked & {"legacy", "auto"} else ()),
            *((f"{_WARM_UP}:dynamo",) if asked & {"dynamo", "auto"} else ()),
        )

    def _open(self, interpreter: Interpreter) -> Session:
        exporters = {case.exporter for case in self.cases}

        def accept(versions: dict[str, str]) -> None:
            if "torch" in self.workers.preload:
                require(versions, self.workers.python, exporters=exporters)

        needed = [*(case.provider.folder for case in self.cases), *map(str, self.workers.search_path)]
        contain = self.workers.contain and not any(map(hides, needed))
        fork = self.workers.fork
        return open_session(interpreter, self.directory, self.directory / "cases", accept, fork=fork, contain=contain)

    def _serve(self, session: Session, waiting: deque[int]) -> str | None:
        """Run what waits. Returns None when all is done, or why the server died; its running cases are settled then."""
        launcher = session.launcher
        self.together = session.together
        try:
            while waiting or self.running:
                while waiting and len(self.running) < max(1, self.workers.jobs):
                    number = waiting.popleft()
                    self._start(number, session)
                event = launcher.event(TICK)
                if isinstance(event, Died):
                    for number in list(self.running):
                        self._end(number, stopped=event.why)
                    return event.why
                if isinstance(event, Started | Inside | Finished | Gone) and event.id in self.running:
                    self._follow(event, session)
                self._hold_to_limits()
            return None
        finally:
            for running in self.running.values():
                if running.family is not None:
                    running.family.kill()
            launcher.close()
            if self.orphans is not None:
                self.orphans.end()

    def _lay_out(self) -> None:
        """Make the directories of all cases. Nothing of ours is written there once the repository's code runs."""
        (self.directory / "cases" / SERVER_FOLDER).mkdir(parents=True)
        for number, case in enumerate(self.cases):
            directory = self._folder(number)
            directory.mkdir()
            case_file(directory).write_bytes(encode_case(case))

    def _folder(self, number: int) -> Path:
        return self.directory / "cases" / f"case-{number}"

    def _start(self, number: int, session: Session) -> None:
        case, directory = self.cases[number], self._folder(number)
        self.running[number] = _Running(case, directory, time.monotonic())
        self.progress(case, None)
        session.launcher.start(number, directory)

    def _follow(self, event: Started | Inside | Finished | Gone, session: Session) -> None:
        number = event.id
        if number is None or (session.together and isinstance(event, Inside)):
            return
        if isinstance(event, Started):
            self._started(number, event.pid, session)
        elif isinstance(event, Inside):
            self._inside(number, event.pid, session)
        elif isinstance(event, Finished):
            if session.not_contained is None and number not in self.isolated and event.exit_code != NOT_CONTAINED:
                self._end(number, stopped=_NOT_SEEN.format(why="it ended before we could look at it"))
            else:
                self._end(number, exit_code=event.exit_code, signal=event.signal)
        else:
            self._end(number, stopped="The process that watched over the case was killed from outside.")

    def _started(self, number: int, pid: int, session: Session) -> None:
        running, server = self.running[number], session.launcher.pid
        running.keeper = (outer_pid(pid, server) or 0) if session.together else pid
        if not running.keeper:
            self._end(number, stopped=_NOT_SEEN.format(why="there is no such process"))
            return
        contained = session.not_contained is None and not session.together
        running.family = Family(running.keeper, count_root=not session.forks, contained=contained)
        if session.together:
            self._look(number, running.keeper, server)

    def _inside(self, number: int, pid: int, session: Session) -> None:
        if self._look(number, pid, self.running[number].keeper):
            session.launcher.go(number)

    def _look(self, number: int, pid: int, below: int) -> bool:
        """See from outside whether a case is isolated; one that is not is ended."""
        if why := lacking(pid, below):
            self._end(number, stopped=_NOT_SEEN.format(why=why))
            return False
        self.isolated.add(number)
        return True

    def _hold_to_limits(self) -> None:
        now = time.monotonic()
        for number, running in list(self.running.items()):
            if running.family is None or now - running.looked < TICK:
                continue
            running.looked = now
            case = running.case
            used = running.family.memory(case.memory_limit)
            printed = _size(log_file(running.directory))
            reason = exceeded(
                now - running.since,
                used,
                printed,
                running.family.processes,
                timeout=case.timeout,
                memory_limit=case.memory_limit,
            )
            if reason:
                self._end(number, stopped=reason)

    def _end(self, number: int, *, exit_code: int | None = None, signal: int | None = None, stopped: str = "") -> None:
        """End the family of a case, read what it left, settle its result."""
        running = self.running.pop(number)
        seconds = time.monotonic() - running.since
        if running.family is not None:
            running.family.memory(running.case.memory_limit)
            running.family.kill()
        ending = Ending(
            exit_code=exit_code,
            signal=signal,
            stopped=stopped,
            result=_head(result_file(running.directory), MAX_RESULT_BYTES + 1),
            log=_tail(log_file(running.directory), _LOG_BYTES),
            seconds=seconds,
            peak_bytes=running.family.peak_bytes or None if running.family else None,
        )
        self._settled(number, running.case, ending)
        if not self.together:
            remove_folder(running.directory)

    def _give_up(self, waiting: deque[int], why: str) -> None:
        while waiting:
            number = waiting.popleft()
            self._settled(number, self.cases[number], Ending(stopped=why))

    def _settled(self, number: int, case: Case, ending: Ending) -> None:
        self.results[number] = settle(case, ending)
        self.progress(case, self.results[number])


def isolation(session: Session, seen: int, cases: int) -> str:
    """Say in words what stood between a case and the rest of the machine, and what did not.

    Args:
        session: How the cases ran.
        seen: How many of them we saw isolated, from outside.
        cases: How many there were.
    """
    how = "a fork of a warm server" if session.forks else "a fresh process"
    held = "scrubbed environment, limits over all descendants, same user"
    measured = (
        f"Measured from outside for {seen} of {cases} cases: user, mount, process and IPC namespaces other than ours, "
        "no capabilities, no new privileges."
    )
    if session.together:
        return (
            f"Each case in {how}. The server and all cases share namespaces made for this run, because the server "
            "imports the checkout: they see no processes but their own and write nowhere but into the folders of "
            f"these cases; {held}. {measured}"
        )
    if session.not_contained is None:
        return (
            f"Each case in {how}, in namespaces of its own: it sees no process but its own and writes nowhere but into "
            f"its folder; {held}. {measured}"
        )
    plain = f"Each case in {how}: {held}. No namespaces ({session.not_contained[:100]})."
    if not session.checkout:
        return plain
    return (
        f"{plain} The checkout's own code ran in the server that runs all cases, with nothing between it and the tool."
    )


def _head(path: Path, size: int) -> bytes | None:
    """Return the first `size` bytes of a regular file; a link or a pipe a case left there is no result."""
    if path.is_symlink() or not path.is_file():
        return None
    with path.open("rb") as stream:
        return stream.read(size)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _tail(path: Path, size: int) -> str:
    if path.is_symlink() or not path.is_file():
        return ""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - size))
        return stream.read(size).decode(errors="replace")
