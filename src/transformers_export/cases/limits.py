"""Watching and ending the whole family of a process: time, memory, and nobody left behind.

Tool side, on psutil. A family is found by walking down from its root and by remembering: a member that detached
itself (double fork, new session) is still a member, and so are its children. On Linux the root adopts such orphans,
see `serve.py`, so that even one that was never seen alive is found.
"""

from __future__ import annotations

import contextlib
import time

import psutil

_PATIENCE = 5.0
"""Seconds to wait for killed processes to be gone."""


PAST_TIME = "Past its time limit"
"""How the reason of a case begins that was ended for its time."""
MAX_PRINTED = 64 * 2**20
"""Bytes a case may print: its log lies on the same disk as everything else."""


MAX_PROCESSES = 128
"""Processes of one case. No export needs a tenth of it; `RLIMIT_NPROC` does not hold for root."""


def exceeded(
    seconds: float, memory: int, printed: int, processes: int, *, timeout: float, memory_limit: int
) -> str | None:
    """Say which limit a case is past, or None. Times in seconds, sizes in bytes."""
    if seconds > timeout:
        return f"{PAST_TIME} of {timeout:g} s."
    if processes > MAX_PROCESSES:
        return f"Started more than {MAX_PROCESSES} processes."
    if memory > memory_limit:
        return f"Past its memory limit: {memory / 2**20:.0f} MiB of {memory_limit / 2**20:.0f} MiB."
    if printed > MAX_PRINTED:
        return f"Printed more than {MAX_PRINTED / 2**20:.0f} MiB."
    return None


class Family:
    """A process and everything it started, whatever that did to hide."""

    def __init__(self, pid: int, *, count_root: bool, contained: bool = False) -> None:
        """Watch the process `pid`. A keeper is no part of what the case uses: `count_root=False`.

        Where the family is `contained` neither is the keeper's child, the first process of the case's namespaces.
        """
        self._members: dict[int, psutil.Process] = {}
        self._root = pid
        self._count_root = count_root
        self._contained = contained
        self.peak_bytes = 0
        self.processes = 0
        """How many there were at the last look at memory."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self._members[pid] = psutil.Process(pid)

    def members(self) -> list[psutil.Process]:
        """Return the living members, the root last."""
        found: dict[int, psutil.Process] = {}
        for process in self._members.values():
            if process.pid not in found and _lives(process):
                found[process.pid] = process
                with contextlib.suppress(psutil.NoSuchProcess):
                    found.update({child.pid: child for child in process.children(recursive=True)})
        self._members = found
        return sorted(found.values(), key=lambda process: process.pid == self._root)

    def memory(self, limit: int) -> int:
        """Return the bytes the family uses, exact only where it matters.

        Resident sizes are cheap to read but count pages that processes share once each: an upper bound. Only a family
        whose bound is past `limit` is measured by what each process uses of its own.
        """
        counted = [p for p in self.members() if not self._is_ours(p)]
        self.processes = len(counted)
        used = sum(_read(p, exact=False) for p in counted)
        if used > limit and 1 < len(counted) <= MAX_PROCESSES:  # beyond it is ended anyway, and an exact look is slow
            used = sum(_read(p, exact=True) for p in counted)
        self.peak_bytes = max(self.peak_bytes, used)
        return used

    def _is_ours(self, process: psutil.Process) -> bool:
        return (process.pid == self._root and not self._count_root) or self._is_first(process)

    def _is_first(self, process: psutil.Process) -> bool:
        try:
            return self._contained and process.pid != self._root and process.ppid() == self._root
        except psutil.Error:
            return False

    def kill(self) -> None:
        """End every member. Stops them all first, so that none can start another meanwhile; the root goes last.

        Whoever ends the first process of a namespace ends all of it at once: no other can be started in between.
        """
        if self._contained:
            self._kill([p for p in self.members() if self._is_first(p)])
        stopped: set[int] = set()
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            fresh = [p for p in self.members() if p.pid not in stopped and p.pid != self._root]
            if not fresh:
                break
            for process in fresh:
                stopped.add(process.pid)
                with contextlib.suppress(psutil.Error):
                    process.suspend()
        self._kill([p for p in self.members() if p.pid != self._root])
        # What the dead leave behind is the root's by now: look once more before the root goes too.
        self._kill([p for p in self.members() if p.pid != self._root])
        self._kill(self.members())

    @staticmethod
    def _kill(processes: list[psutil.Process]) -> None:
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.kill()
        deadline = time.monotonic() + _PATIENCE
        while any(_lives(process) for process in processes) and time.monotonic() < deadline:
            time.sleep(0.005)


def _lives(process: psutil.Process) -> bool:
    """True while the process runs. One that ended and waits to be reaped uses nothing and cannot be killed again."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _read(process: psutil.Process, *, exact: bool) -> int:
    try:
        if not exact:
            return int(process.memory_info().rss)
        info = process.memory_full_info()
        return int(getattr(info, "pss", info.uss))
    except psutil.Error:
        return 0
