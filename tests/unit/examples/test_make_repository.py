"""The example's history: what every other test and the demo stand on."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from support.repositories import ROOT, Repository, git, make_repository

if TYPE_CHECKING:
    from pathlib import Path

BRANCHES = {"main", "complete", "incomplete", "unlisted", "mixed", "diverging", "sleeping", "no-case"}


def changed(repository: Repository, branch: str) -> set[str]:
    return set(git(repository.root, "diff", "--name-only", f"main...{branch}").split())


def test_each_branch_is_one_commit_on_main(example_repository: Repository) -> None:
    assert set(example_repository.revisions) == BRANCHES
    for branch in BRANCHES - {"main"}:
        assert git(example_repository.root, "rev-parse", f"{branch}~1") == example_repository.base


def test_the_working_tree_is_clean_and_on_main(example_repository: Repository) -> None:
    assert git(example_repository.root, "status", "--porcelain") == ""
    assert git(example_repository.root, "branch", "--show-current") == "main"


def test_the_same_files_give_the_same_revisions(example_repository: Repository, tmp_path: Path) -> None:
    assert make_repository(tmp_path / "again").revisions == example_repository.revisions


def test_git_settings_of_the_user_change_nothing(example_repository: Repository, tmp_path: Path, monkeypatch) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text("[commit]\n\tgpgsign = true\n[core]\n\tautocrlf = true\n[user]\n\tname = Someone\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2001-01-01T00:00:00+00:00")
    assert make_repository(tmp_path / "again").revisions == example_repository.revisions


def test_what_the_pull_requests_forget(example_repository: Repository) -> None:
    registry, matrix = "src/acme_models/onnx/features.py", "tests/onnx/test_onnx_v2.py"
    complete = changed(example_repository, "complete")
    assert {registry, matrix, "src/acme_models/magpie/configuration_magpie.py"} <= complete
    assert changed(example_repository, "incomplete") == complete - {registry, matrix}
    assert changed(example_repository, "unlisted") == complete - {matrix}


def test_the_readme_lists_every_branch_with_its_layers() -> None:
    readme = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \|([^|]*)\|", readme, flags=re.MULTILINE)
    assert {branch for branch, _ in rows} == BRANCHES
    layers = {layer for _, cell in rows for layer in re.findall(r"`([\w-]+)`", cell)}
    folders = {entry.name for entry in (ROOT / "examples" / "acme_models").iterdir() if entry.is_dir()}
    assert layers == folders - {"base"}


def test_the_command_builds_it_once_and_refuses_to_write_over_it(tmp_path: Path) -> None:
    command = [
        sys.executable,
        str(ROOT / "examples" / "make_repository.py"),
        str(tmp_path / "acme"),
        "--branch",
        "complete",
    ]
    first = subprocess.run(command, capture_output=True, text=True, check=False)
    assert first.returncode == 0
    assert git(tmp_path / "acme", "branch", "--show-current") == "complete"
    second = subprocess.run(command, capture_output=True, text=True, check=False)
    assert second.returncode == 2
    assert "exists already" in second.stderr
