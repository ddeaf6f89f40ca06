"""Whole processes, measured: wall time, CPU time and peak memory of each. For Linux."""

from __future__ import annotations

import os
import select
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LOOK = 20
"""Milliseconds between two looks at a process's memory."""


@dataclass(frozen=True)
class Measured:
    """One process from start to end, with what it started and waited for."""

    wall: float
    cpu: float
    """User and system time, in seconds."""
    peak: float
    """Most memory resident at a time in MB of 10^6 bytes, mapped files among it."""
    own: float
    """Of memory that is no file's, which the system cannot take back: the most that was seen, in MB."""
    code: int


def measure(command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None) -> Measured:
    """Run a command to its end; what it prints goes to `log`.

    The caller should be small itself: Linux counts the memory of who starts a process among its own.
    """
    argv = [str(part) for part in command]
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    actions = [(os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, output, 2)]
    # Installed packages have their bytecode; ours, which lies in a working copy, may write it too.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, {**inherited, **(environment or {})}, file_actions=actions)
    own = _watch(pid)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    os.close(output)
    cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6
    return Measured(wall, cpu, peak, own / 1e6, os.waitstatus_to_exitcode(status))


def _watch(pid: int) -> int:
    """Look at a process's memory until it ends; returns the most bytes that were no file's."""
    most, end = 0, select.poll()
    descriptor = os.pidfd_open(pid)
    end.register(descriptor, select.POLLIN)
    while not end.poll(_LOOK):
        most = max(most, resident(pid)[0])
    os.close(descriptor)
    return most


def resident(pid: int | str) -> tuple[int, int]:
    """Bytes that a process has in memory now: its own, and those of mapped files; nothing once it has ended."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    found = {
        name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines) if "Rss" in name
    }
    return found.get("RssAnon", 0), found.get("RssFile", 0)


def median(runs: Sequence[Measured], figure: str) -> float:
    """The median of one figure."""
    return statistics.median(getattr(run, figure) for run in runs)


def ranged(runs: Sequence[Measured], figure: str, digits: int) -> str:
    """The median of one figure, with the range where there are several runs."""
    values = [getattr(run, figure) for run in runs]
    middle = f"{statistics.median(values):.{digits}f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.{digits}f}–{max(values):.{digits}f})"
