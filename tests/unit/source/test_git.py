"""The repository's own git configuration starts no program when we read it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from transformers_export.checkout import checkout_of
from transformers_export.source import git

if TYPE_CHECKING:
    from pathlib import Path


def command(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    done = subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    command(root, "init", "--quiet")
    (root / "a.py").write_text("a = 1\n")
    command(root, "add", "a.py")
    command(root, "commit", "--quiet", "-m", "first")
    return root


def spy(tmp_path: Path) -> tuple[Path, Path]:
    """A program, and the file it leaves where it ran."""
    ran, program = tmp_path / "ran", tmp_path / "spy"
    program.write_text(f"#!/bin/sh\ntouch {ran}\n")
    program.chmod(0o755)
    return program, ran


def test_no_file_system_monitor_is_started(root: Path, tmp_path: Path) -> None:
    program, ran = spy(tmp_path)
    command(root, "config", "core.fsmonitor", str(program))
    (root / "a.py").write_text("a = 2\n")

    assert git.run(root, "ls-files", "-z", "--modified") == b"a.py\0"
    assert not ran.exists()
    command(root, "status")
    assert ran.exists()  # plain git does start it


def test_no_hook_is_started(root: Path, tmp_path: Path) -> None:
    program, ran = spy(tmp_path)
    hook = root / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.symlink_to(program)
    first = command(root, "rev-parse", "HEAD")
    command(root, "commit", "--quiet", "--allow-empty", "-m", "second")

    with checkout_of(root, first) as folder:
        assert (folder / "a.py").read_text() == "a = 1\n"
    assert not ran.exists()


def test_a_bare_repository_that_was_committed_as_a_folder_is_not_entered(root: Path, tmp_path: Path) -> None:
    program, ran = spy(tmp_path)
    inner = root / "inner"
    command(root, "init", "--quiet", "--bare", str(inner))
    config = inner / "config"
    config.write_text(
        config.read_text().replace("bare = true", f"bare = false\n\tworktree = .\n\tfsmonitor = {program}")
    )

    with pytest.raises(git.GitError, match="bare"):
        git.run(inner, "ls-files", "-z", "--modified")
    assert not ran.exists()
