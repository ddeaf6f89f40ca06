"""Removing a folder that foreign code has written to. Removal never raises: it must not decide how a run ends."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def remove_folder(folder: Path) -> None:
    """Remove a folder and all that is in it, as far as the system lets us; what cannot be removed stays.

    `shutil.rmtree` calls itself for each level, and fails at a few hundred levels. Paths that long cannot even be
    written out. So each entry of a subfolder is moved up to `folder` first, and no path is ever longer than two names.

    Args:
        folder: The folder. Links in it are removed, never followed.
    """
    moved = 0
    while entries := _entries(folder):
        removed = False
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    os.chmod(entry.path, 0o700)  # noqa: PTH101
                for inner in _entries(entry):
                    with contextlib.suppress(OSError):
                        os.rename(inner.path, os.path.join(folder, f".removed-{moved}"))  # noqa: PTH104, PTH118
                    moved += 1
                removed |= _done(os.rmdir, entry)
            else:
                removed |= _done(os.unlink, entry)
        if not removed:
            break
    with contextlib.suppress(OSError):
        folder.rmdir()


def _entries(folder: Path | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _done(remove: Callable[[str], None], entry: os.DirEntry[str]) -> bool:
    try:
        remove(entry.path)
    except OSError:
        return False
    return True
