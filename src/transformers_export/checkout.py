"""The folder whose code the cases run: the checkout itself, or one made for them where it is not what is checked."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.folders import remove_folder
from transformers_export.source import git

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def checkout_of(root: Path, commit: str | None) -> Iterator[Path]:
    """Give a folder that holds `commit`, for as long as it is needed.

    That is `root` where it stands on that commit with every tracked file as committed (files git does not track may
    lie around), and for None, which is the working tree itself. Else it is a worktree of its own, removed afterwards.

    Raises:
        GitError: git cannot write the commit's files.
    """
    if commit is None or is_checked_out(root, commit):
        yield root
        return
    directory = Path(tempfile.mkdtemp(prefix="transformers-export-checkout-")).resolve()
    tree = directory / root.resolve().name
    try:
        git.run(root, "worktree", "add", "--quiet", "--detach", str(tree), commit)
        below = git.run(root, "rev-parse", "--show-prefix").decode().strip()
        yield tree / below
    finally:
        remove_folder(directory)
        with contextlib.suppress(git.GitError):
            git.run(root, "worktree", "prune")


def is_checked_out(root: Path, commit: str) -> bool:
    """Whether the files git tracks below `root`'s repository are exactly those of `commit`."""
    if git.run(root, "rev-parse", "HEAD").decode().strip() != commit:
        return False
    return not git.run(root, "status", "--porcelain", "--untracked-files=no", "--ignore-submodules=dirty")
