"""`transformers-export ... | head`: nobody reads on, and the command ends without a word."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from transformers_export.closed_pipe import ENDED_BY_PIPE, until_unread

if TYPE_CHECKING:
    from pathlib import Path

    from support.repositories import Repository


def _unread(*words: str, cwd: Path, errors_too: bool = False, buffered: bool = True) -> tuple[int, str]:
    """Run a module whose output nobody reads; return exit code and what it said on standard error."""
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", *words],
            stdout=write,
            stderr=write if errors_too else subprocess.PIPE,
            text=True,
            cwd=cwd,
            env={**os.environ, "PYTHONUNBUFFERED": "" if buffered else "1"},
            check=False,
        )
    finally:
        os.close(write)
    return done.returncode, done.stderr or ""


@pytest.mark.parametrize(("errors_too", "buffered"), [(False, True), (True, False)])
@pytest.mark.parametrize(
    "words",
    [
        ("transformers_export", "--help"),
        ("transformers_export", "check", "--static"),
        ("transformers_export", "check", "--static", "--diff"),
        ("transformers_export", "plan", "--all"),
        ("transformers_export", "export", "--help"),
        ("transformers_export.onnx", "--help"),
        ("transformers_export.onnx", "validate", "--help"),
        ("transformers_export.torchscript", "--help"),
    ],
    ids=" ".join,
)
def test_a_command_that_nobody_reads_ends_quietly(
    words: tuple[str, ...], errors_too: bool, buffered: bool, example_repository: Repository
) -> None:
    code, said = _unread(*words, cwd=example_repository.root, errors_too=errors_too, buffered=buffered)
    assert said == ""
    assert code == ENDED_BY_PIPE or (code == 0 and "--help" in words)  # argparse itself forgives a closed pipe


def test_what_goes_to_standard_error_is_still_said(tmp_path: Path) -> None:
    code, said = _unread("transformers_export", "report", "nowhere.json", "--markdown", "x", cwd=tmp_path)
    assert (code, "Expected a verdict" in said) == (2, True)


def test_another_pipe_that_breaks_is_an_error() -> None:
    def command() -> int:
        raise BrokenPipeError("a worker's")

    with pytest.raises(BrokenPipeError, match="a worker's"):
        until_unread(command)


def test_a_verdict_that_was_asked_for_is_written_before_anything_is_printed(
    example_repository: Repository,
) -> None:
    words = ("transformers_export", "check", "--static", "--json", "verdict.json")
    assert _unread(*words, cwd=example_repository.root)[0] == ENDED_BY_PIPE
    assert (example_repository.root / "verdict.json").is_file()
