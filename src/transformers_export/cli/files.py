"""Writing files: whole or not at all."""

from __future__ import annotations

import contextlib
import os
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
    """Write files below `root` anew, each whole or not at all, with the permissions it has; links are kept.

    Args:
        root: the folder the paths are relative to.
        files: path to new content.
        before: path to what the file must hold still.

    Raises:
        UsageError: before anything is written: a path leads out of `root`, or a file has another content by now.
    """
    inside = Path(os.path.realpath(root))
    targets = {path: Path(os.path.realpath(root / path)) for path in files}
    for path, target in targets.items():
        if not target.is_relative_to(inside):
            raise UsageError(f"{path} leads out of the repository, to {target}: it is not changed. Edit it there.")
        if read(str(target), "the file that is to be changed") != before[path]:
            raise UsageError(f"{path} was changed while it was read: nothing is written. Run it again.")
    for path, target in targets.items():
        _replace(target, files[path], os.stat(target).st_mode & 0o7777)  # noqa: PTH116


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
