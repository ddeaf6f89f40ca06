"""The static check on transformers 4.48.0 itself: what is wrong there is known, and nothing else is found."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from support.repositories import DISTILBERT, MPNET, git
from support.static import check
from transformers_export import changes
from transformers_export.cases.plan import make_plan
from transformers_export.project import open_project
from transformers_export.rules import catalog
from transformers_export.source import tree

if TYPE_CHECKING:
    from support.repositories import Repository

UNREGISTERED = {
    "ChineseCLIPOnnxConfig",
    "ConditionalDetrOnnxConfig",
    "Dinov2OnnxConfig",
    "EfficientNetOnnxConfig",
    "ErnieOnnxConfig",
    "MegaOnnxConfig",
    "MobileViTV2OnnxConfig",
    "PLBartOnnxConfig",
    "PvtOnnxConfig",
    "RobertaPreLayerNormOnnxConfig",
    "SwiftFormerOnnxConfig",
    "TableTransformerOnnxConfig",
    "UMT5OnnxConfig",
    "XLMRobertaXLOnnxConfig",
    "XmodOnnxConfig",
}
"""Upstream never registered them."""


def test_the_whole_tree(transformers_4_repository: Repository) -> None:
    result = check(transformers_4_repository.root, None)
    assert {(item.rule, item.subject) for item in result.findings} == {
        *(("unregistered", name) for name in UNREGISTERED),
        ("not-exported", "PLBartOnnxConfig"),
        ("no-auto-class", "flaubert/causal-lm"),
    }
    assert result.not_checked == ()


def check_branch(repository: Repository, branch: str) -> tuple[catalog.Finding, ...]:
    """Check a branch from git alone: the repository is shared by all tests and stays as it is."""
    changed = changes.from_git(repository.root, "main", branch)
    assert changed.base is not None
    assert changed.head is not None
    head_tree = tree.revision(repository.root, changed.head)
    project = open_project(repository.root, head_tree)
    head = project.snapshot(head_tree)
    base = project.base_snapshot(tree.revision(repository.root, changed.base), head)
    findings, not_checked = catalog.find_all(head, base, changed.paths)
    assert not_checked == ()
    plan = make_plan(project, head, changed, base=base)
    assert [item.what for item in plan.not_checked if item.blocking] == (["mpnet"] if branch == "incomplete" else [])
    return findings


def test_a_harmless_pull_request(transformers_4_repository: Repository) -> None:
    assert check_branch(transformers_4_repository, "harmless") == ()


def test_a_pull_request_that_forgets_registry_and_matrix(transformers_4_repository: Repository) -> None:
    findings = check_branch(transformers_4_repository, "incomplete")
    assert [(item.status, item.rule, item.path, item.subject) for item in findings] == [
        ("new", "unregistered", MPNET, "MPNetOnnxConfig")
    ]


def test_one_changed_file_is_checked_in_a_blink(transformers_4_repository: Repository) -> None:
    """Cold, whole process with its git processes, in CPU seconds: those do not depend on what else the machine does.

    Measured were 0.12 to 0.15 s of CPU, 0.13 s of wall time; the limit leaves a slower machine twice that.
    """
    root = transformers_4_repository.root
    command = [sys.executable, "-m", "transformers_export", "check", "--static", "--base", "main", "--head", "harmless"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    assert git(root, "diff", "--name-only", "main", "harmless") == DISTILBERT
    seconds = []
    for _ in range(5):
        before = os.times()
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
        after = os.times()
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)
        assert done.returncode == 0, done.stdout + done.stderr
    assert 0 < min(seconds) < 0.3
