"""What stands between a process and the rest of the machine, as the tool sees it from outside (Linux).

Never what the process says of itself: it may be the code that is judged.
"""

from __future__ import annotations

import os
from pathlib import Path

import psutil

_NAMESPACES = {"user": "user", "mnt": "mount", "pid": "process", "ipc": "IPC"}


def lacking(pid: int, below: int) -> str:
    """Return what a process lacks to be isolated from us, or nothing.

    Args:
        pid: The process, which must have been started by `below` or by something below it.
        below: The process that has it among its descendants.
    """
    try:
        if below not in [parent.pid for parent in psutil.Process(pid).parents()]:
            return f"process {pid} is none of the server's"
        ours = [name for kind, name in _NAMESPACES.items() if _namespace(pid, kind) == _namespace(os.getpid(), kind)]
        status = _status(pid)
    except (OSError, psutil.Error) as error:
        return f"process {pid} cannot be looked at ({type(error).__name__})"
    if ours:
        return f"its namespaces are ours: {', '.join(ours)}"
    if int(status.get("CapEff", "1"), 16) or int(status.get("CapPrm", "1"), 16):
        return "it has capabilities"
    return "" if status.get("NoNewPrivs") == "1" else "it may gain privileges"


def outer_pid(inner: int, below: int) -> int | None:
    """Return the process id that we know a process by, where a process namespace below `below` calls it `inner`."""
    try:
        family = psutil.Process(below).children(recursive=True)
    except psutil.Error:
        return None
    for process in family:
        try:
            known_by = _status(process.pid).get("NSpid", "").split()
        except OSError:
            continue
        if known_by[1:] == [str(inner)]:
            return process.pid
    return None


def _namespace(pid: int, kind: str) -> str:
    return os.readlink(f"/proc/{pid}/ns/{kind}")  # noqa: PTH115 - no path, a name of the kernel's


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
