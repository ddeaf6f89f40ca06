"""Writing files: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.cli.arguments import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


def write(path: str, content: bytes | str) -> None:
    """Write to a temporary name beside `path`, then rename.

    Raises:
        UsageError: the file cannot be written there.
    """
    _replace(Path(path), content.encode() if isinstance(content, str) else content, 0o666 & ~_umask())


def _replace(target: Path, data: bytes, mode: int) -> None:
    import tempfile  # 7 ms, and most checks write nothing

    try:
        descriptor, partial = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
            os.chmod(partial, mode)  # noqa: PTH101 - mkstemp's files are for their owner alone
            os.replace(partial, target)  # noqa: PTH105
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(
            f"{target} cannot be written: {error.strerror}. Name a file in a folder that exists."
        ) from error


def rewrite(root: Path, files: Mapping[str, bytes], before: Mapping[str, bytes]) -> None:
    """Write files below `root` anew, all of them or none, with the permissions they have; links are kept.

    Args:
        root: the folder the paths are relative to.
        files: path to new content.
        before: path to what the file must hold still; a file that is not in it must not be there yet.

    Raises:
        UsageError: before anything is written: a path leads out of `root`, or a file is read-only or has another
            content by now. Also when one cannot be written; then those that were are as before.
    """
    inside = Path(os.path.realpath(root))
    targets = {path: Path(os.path.realpath(root / path)) for path in files}
    for path, target in targets.items():
        if not target.is_relative_to(inside):
            raise UsageError(f"{path} leads out of the repository, to {target}: it is not changed. Edit it there.")
        if ".git" in target.relative_to(inside).parts:
            raise UsageError(f"{path} leads to {target}, into git's own folder: nothing there is ever changed.")
        there = read(str(target), "the file that is to be changed") if path in before or target.exists() else None
        if there != before.get(path):
            raise UsageError(f"{path} was changed while it was read: nothing is written. Run it again.")
        if there is not None and not target.stat().st_mode & 0o222:
            raise UsageError(f"{path} is read-only: nothing is written. Make it writable first.")
    done: list[str] = []
    try:
        for path, target in targets.items():
            _replace(target, files[path], _mode(target))
            done.append(path)
    except BaseException:
        for path in done:
            if path in before:
                _replace(targets[path], before[path], _mode(targets[path]))
            else:
                targets[path].unlink()
        raise


def _mode(target: Path) -> int:
    return target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~_umask()


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
        UsageError: it cannot be read, or is a pipe or device, which might never end; `what` says what was expected.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"Expected {what} in {path}: it is no plain file.")
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
