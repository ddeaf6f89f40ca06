"""What is checked is what runs: the commit a hook or a workflow names, wherever the checkout stands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from support.repositories import git
from transformers_export.verdict.schema import decode

if TYPE_CHECKING:
    from pathlib import Path

    from transformers_export.verdict.types import Verdict


def check(root: Path, *arguments: str, code: int, **environment: str) -> Verdict:
    """Run the command in `root`; its exit code must be `code`, and it leaves no worktree. Returns its verdict."""
    file = root.parent / "verdict.json"
    options = [*arguments, "--exporter", "legacy", "--json", str(file)]
    done = subprocess.run(
        [sys.executable, "-m", "transformers_export", "check", *options],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TMPDIR": str(root.parent), **environment},
    )
    assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    assert len(git(root, "worktree", "list").splitlines()) == 1
    assert not list(root.parent.glob("transformers-export-*"))
    return decode(file.read_bytes())


def test_a_push_of_a_branch_that_is_not_checked_out_runs_that_branch(example_repository):
    root = example_repository.root
    pushed = {"PRE_COMMIT_FROM_REF": "main", "PRE_COMMIT_TO_REF": "diverging"}
    verdict = check(root, "--hook", code=1, **pushed)
    assert {case.outcome for case in verdict.cases} == {"failed"}
    assert all(check.name != "values" or check.outcome == "failed" for case in verdict.cases for check in case.checks)
    assert git(root, "rev-parse", "--abbrev-ref", "HEAD").strip() == "main"


def test_edits_that_are_not_committed_do_not_run(example_repository):
    root, revisions = example_repository.root, example_repository.revisions
    example_repository.checkout("diverging")
    modeling = "src/acme_models/heron/modeling_heron.py"
    changes = root.parent / "changes.json"
    of = {"base": revisions["main"], "head": revisions["diverging"], "merge": revisions["diverging"]}
    changes.write_text(json.dumps({**of, "repository": "o/r"}))
    for path in git(root, "diff", "--name-only", "main", "diverging").split():
        git(root, "checkout", "--quiet", "main", "--", path)
    (root / "untracked.txt").write_text("lies around\n")
    verdict = check(root, "--changes", str(changes), code=1)
    assert {case.outcome for case in verdict.cases} == {"failed"}
    assert (root / modeling).exists()


def test_a_case_that_cannot_be_imported_leaves_no_worktree(example_repository):
    pushed = {"PRE_COMMIT_FROM_REF": "main", "PRE_COMMIT_TO_REF": "diverging"}
    verdict = check(example_repository.root, "--hook", "--python", "/no/such/python", code=1, **pushed)
    assert {case.outcome for case in verdict.cases} == {"undecided"}
