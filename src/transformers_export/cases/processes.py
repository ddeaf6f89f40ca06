"""What the server and the keepers of cases ask of the kernel about their children. Standard library alone."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36


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


def set_dumpable(*, dumpable: bool) -> None:
    """Say whether other processes of the same user may look into this one (Linux)."""
    _prctl(_PR_SET_DUMPABLE, int(dumpable))


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
