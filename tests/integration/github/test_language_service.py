"""Action files and workflows are what GitHub's own language service takes them for: keys, types, expressions."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from support.node import bundle, node_command
from support.repositories import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FILES = [
    ROOT / "action.yml",
    ROOT / "comment" / "action.yml",
    *sorted((ROOT / "examples").glob("**/*.yml")),
    *sorted((ROOT / ".github").glob("workflows/*.yml")),
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(
        ROOT / "tests" / "support" / "language_service.mjs", tmp_path_factory.mktemp("bundle") / "service.cjs"
    )


def remarks(service: Path, *files: Path) -> str:
    done = subprocess.run(node_command(service, *map(str, files)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_has_nothing_to_say(service: Path) -> None:
    assert len(FILES) >= 5
    assert remarks(service, *FILES) == ""


@pytest.mark.parametrize(
    ("file", "sound", "faulty"),
    [
        ("action.yml", "using: composite", "using: composit"),
        ("comment/action.yml", "runs:", "run:"),
        ("examples/fork-comment.yml", "types: [completed]", "types: [complete]"),
        ("examples/fork-comment.yml", "github.event.workflow_run.event ==", "github.evnt =="),
        ("examples/fork-check.yml", "contents: read", "content: read"),
    ],
)
def test_it_would_find_a_fault(service: Path, tmp_path: Path, file: str, sound: str, faulty: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert sound in text
    copy = tmp_path / file.rpartition("/")[2]
    copy.write_text(text.replace(sound, faulty), encoding="utf-8")

    assert remarks(service, copy) != ""
