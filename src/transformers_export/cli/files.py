"""Writing files: whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from transformers_export.cli.arguments import UsageError


def write(path: str, content: bytes | str) -> None:
    """Write to a temporary name beside `path`, then rename.

    Raises:
        UsageError: the file cannot be written there.
    """
    import tempfile  # 7 ms, and most checks write nothing

    target = Path(path)
    data = content.encode() if isinstance(content, str) else content
    try:
        descriptor, partial = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
            os.chmod(partial, 0o666 & ~_umask())  # noqa: PTH101 - mkstemp's files are for their owner alone
            os.replace(partial, target)  # noqa: PTH105
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}. Name a file in a folder that exists.") from error


def read(path: str, what: str) -> bytes:
    """Read a file.

    Raises:
        UsageError: it cannot be read; `what` says what was expected there.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"Expected {what} in {path}: {error.strerror}.") from error


def read_at_most(path: Path, size: int, what: str) -> bytes:
    """Read the first `size` bytes of a file that comes from elsewhere.

    Raises:
        UsageError: it cannot be read; `what` says what was expected there.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(size)
    except OSError as error:
        raise UsageError(f"Expected {what} in {path}: {error.strerror}.") from error


def leave_verdict(path: str | None, why: str) -> None:
    """Leave a red verdict that says why there was no check, for the report: a log is read by few.

    Where it cannot be written nothing more is said; the command fails for its own reason.
    """
    if path is None:
        return
    from transformers_export import __version__
    from transformers_export.verdict.schema import encode
    from transformers_export.verdict.types import NotChecked, Tool, Verdict

    nothing = NotChecked("everything", why, blocking=True)
    verdict = Verdict(Tool("transformers-export", __version__), "failure", not_checked=(nothing,))
    with contextlib.suppress(UsageError):
        write(path, encode(verdict))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
