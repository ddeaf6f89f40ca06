"""Writing several files: all of them or none, each with the permissions it had."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.cli.arguments import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Write every file beside its place first, then put all in place; what was there comes back if one fails.

    Raises:
        UsageError: one is read-only or cannot be written.
    """
    targets = {path.resolve(): content for path, content in contents.items()}  # through links, which stay
    for path in targets:
        if path.exists() and not path.stat().st_mode & 0o222:
            raise UsageError(f"{path} is read-only: nothing was written. Make it writable first.")
    with ExitStack() as cleaning:
        try:
            new = {path: _beside(path, content, cleaning) for path, content in targets.items()}
            old = {path: _beside(path, path.read_bytes(), cleaning) for path in targets if path.exists()}
            _put(new, old)
        except OSError as error:
            place = error.filename or next(iter(targets))
            raise UsageError(f"{place} cannot be written: {error.strerror}. Nothing was changed.") from error


def _beside(path: Path, content: bytes, cleaning: ExitStack) -> Path:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    partial = Path(name)
    cleaning.callback(partial.unlink, missing_ok=True)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    if path.exists():
        shutil.copymode(path, partial)
    else:
        mask = os.umask(0)
        os.umask(mask)
        partial.chmod(0o666 & ~mask)
    return partial


def _put(new: Mapping[Path, Path], old: Mapping[Path, Path]) -> None:
    done: list[Path] = []
    try:
        for path, partial in new.items():
            partial.replace(path)
            done.append(path)
    except BaseException:
        for path in done:
            if path in old:
                old[path].replace(path)
            else:
                path.unlink()
        raise
