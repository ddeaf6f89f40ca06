"""What the hook tests and the hook benchmark need: a repository with something staged, and its pre-commit settings."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from support.repositories import ROOT, git

if TYPE_CHECKING:
    from pathlib import Path

    from support.repositories import Repository


def stage_branch(repository: Repository, branch: str) -> None:
    """Stage on `main` what `branch` changes: the moment before it is committed."""
    git(repository.root, "checkout", "--quiet", "main")
    git(repository.root, "checkout", branch, "--", ".")


def hook_configuration(root: Path) -> None:
    """Write what the README says to paste, with this checkout at its last commit as the hooks' repository.

    Exports with `legacy`, a tenth of the cost: what the hook does with a case is the same.
    """
    revision = git(ROOT, "rev-parse", "HEAD")
    hooks = "      - id: check-onnx-config\n      - id: export-onnx\n        args: [--exporter, legacy]\n"
    text = f"repos:\n  - repo: {ROOT}\n    rev: {revision}\n    hooks:\n{hooks}"
    (root / ".pre-commit-config.yaml").write_text(text, encoding="utf-8")
    git(root, "add", ".pre-commit-config.yaml")


def pre_commit(root: Path, home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pre-commit in `root` with its caches in `home`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT"))}
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", *arguments],
        cwd=root,
        env={**clean, "PRE_COMMIT_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
