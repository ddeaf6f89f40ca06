"""What every command does when nobody reads its output any more, as in `transformers-export plan | head`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

ENDED_BY_PIPE = 141
"""Exit code that a shell gives a program ended by SIGPIPE: 128 + 13."""


def until_unread(command: Callable[[], int]) -> int:
    """Run a command; where the reader of its output leaves, end it without a word.

    Everything is written out before this returns: what only Python's own end finds out, it reports with a traceback.

    Returns:
        The command's exit code, or `ENDED_BY_PIPE`.

    Raises:
        BrokenPipeError: Another pipe than standard output or standard error broke.
    """
    try:
        try:
            return command()
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        if not _unread():
            raise
        return ENDED_BY_PIPE


def _unread() -> bool:
    """Tell whether nobody reads our output, and let what is still to be written go nowhere."""
    closed = [stream.fileno() for stream in (sys.stdout, sys.stderr) if stream is not None and _is_closed(stream)]
    for descriptor in closed:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
    return bool(closed)


def _is_closed(stream: TextIO) -> bool:
    """Ask the system whether a stream is a pipe without a reader: what it failed to write it may have forgotten."""
    import select

    try:
        descriptor = stream.fileno()
    except OSError:  # no file, as in a test that captures what is printed
        return False
    if not hasattr(select, "poll"):
        return True
    asked = select.poll()
    asked.register(descriptor, select.POLLOUT)
    return any(event & select.POLLERR for _, event in asked.poll(0))
