"""Ending what a case leaves behind when it has killed everything that stood between itself and the tool.

Tool side, on psutil. Keeper and server adopt what detaches from a case (see `serve.py`); a case that kills both would
hand its detached processes to the system's first process, out of our sight. So the tool adopts too while cases run.
Linux only: elsewhere a family is what `limits.py` has seen of it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING

import psutil

from transformers_export.cases.limits import Family

if TYPE_CHECKING:
    from collections.abc import Iterator

_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37
_PATIENCE = 5.0
"""Seconds to end orphans that start others as fast as they are ended."""


class Orphans:
    """The processes that became our children without our starting them."""

    def __init__(self) -> None:
        """Take every child of now for one of ours."""
        self._ours = set(psutil.Process().children())

    def end(self) -> None:
        """End every child that was not there before, with all below it. Call it when our own servers are gone."""
        deadline = time.monotonic() + _PATIENCE
        while (adopted := self._adopted()) and time.monotonic() < deadline:
            for process in adopted:
                Family(process.pid, count_root=True).kill()
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(process.pid, os.WNOHANG)

    def _adopted(self) -> list[psutil.Process]:
        return [process for process in psutil.Process().children() if process not in self._ours]


@contextlib.contextmanager
def adopted_orphans() -> Iterator[Orphans | None]:
    """Adopt what is left behind, for as long as cases run, and end it; None where the system has no such thing."""
    if not sys.platform.startswith("linux"):
        yield None
        return
    import ctypes

    prctl = ctypes.CDLL(None).prctl
    before = ctypes.c_int(0)
    prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(before), 0, 0, 0)
    orphans = Orphans()
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield orphans
    finally:
        orphans.end()
        prctl(_PR_SET_CHILD_SUBREAPER, before.value, 0, 0, 0)
