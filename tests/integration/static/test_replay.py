"""benchmarks/replay.py over a small history of real sources: what each commit made wrong and what it mended."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest

from support.history import ERAS, history
from support.planting import Text, plant
from support.repositories import ROOT, Repository, commit, git

REPLAY = ROOT / "benchmarks" / "replay.py"


@pytest.fixture(scope="module")
def past(transformers_4_repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Three eras, then a commit that plants a defect for every rule, then one that takes them back."""
    root = tmp_path_factory.mktemp("history") / "transformers"
    repository = history(root, transformers_4_repository, ("2021-07", "2021-10", "2022-03"))
    text = Text(lambda path: (root / path).read_bytes())
    plant(text, ERAS["2022-03"])
    for path, content in text.changed.items():
        (root / path).write_text(content, encoding="utf-8")
    repository.revisions["planted"] = commit(root, "Break everything")
    git(root, "revert", "--no-edit", "HEAD")
    repository.revisions["mended"] = git(root, "rev-parse", "HEAD")
    (root / "pyproject.toml").write_text("[tool.transformers-export]\nregistri = 1\n", encoding="utf-8")
    repository.revisions["unreadable"] = commit(root, "Write settings that cannot be used")
    return repository


def replay(repository: Repository, *revisions: str) -> tuple[int, list[str]]:
    command = [sys.executable, str(REPLAY), str(repository.root), *revisions]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, (done.stdout + done.stderr).splitlines()


def test_a_range_says_what_each_commit_made_and_mended(past: Repository) -> None:
    status = git(past.root, "status", "--porcelain")
    code, lines = replay(past, f"2021-07..{past.revisions['mended']}")
    assert code == 0
    starts = [number for number, line in enumerate(lines) if not line.startswith("  ")]
    blocks = {lines[a].partition(" ")[0]: lines[a + 1 : b] for a, b in pairwise(starts)}
    planted, mended = (blocks[past.revisions[name][:12]] for name in ("planted", "mended"))
    new = [line.removeprefix("  + ") for line in planted if line.startswith("  + ")]
    fixed = [line.removeprefix("  - ") for line in mended if line.startswith("  - ")]
    assert sorted(new) == sorted(fixed)
    assert len(new) > 20
    assert {line.partition(" ")[0] for line in new} >= {
        "unregistered",
        "input-order",
        "not-exported",
        "no-matrix-entry",
    }
    assert "  - duplicate-feature" not in "\n".join(planted)
    assert any("  + duplicate-feature" in line for line in blocks[past.revisions["2022-03"][:12]])
    assert lines[-1].startswith("4 commits: ")
    assert git(past.root, "status", "--porcelain") == status


def test_what_cannot_be_checked_is_said_and_the_rest_goes_on(past: Repository) -> None:
    code, lines = replay(past, past.revisions["unreadable"], past.revisions["planted"])
    assert code == 1
    assert any(line.startswith("  ! ") and "registri" in line for line in lines)
    assert any(line.startswith("  + unregistered") for line in lines)
    assert "1 could not be checked" in lines[-1]


def test_an_unknown_revision_is_wrong_use(past: Repository) -> None:
    code, lines = replay(past, "no-such-branch")
    assert code == 2
    assert "no-such-branch" in lines[-1]
