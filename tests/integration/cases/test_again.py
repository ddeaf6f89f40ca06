"""What fails is run again, and at the base: real servers, a real repository, a runner that fails as a file says."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.cases import again
from transformers_export.cases.again import Base, look_again
from transformers_export.cases.plan import Exportable
from transformers_export.cases.types import Case, Provider
from transformers_export.cases.workers import Workers, run_cases

if TYPE_CHECKING:
    import pytest

    from transformers_export.verdict.types import CaseResult

TESTS = Path(__file__).parents[2]
WORKERS = Workers(
    sys.executable,
    search_path=(TESTS,),
    runner="support.case_runners:by_feature",
    preload=("json",),
    contain=False,
    start_timeout=60,
)


def git(root: Path, *arguments: str) -> str:
    said = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@t", *arguments], cwd=root, check=True, capture_output=True
    )
    return said.stdout.decode().strip()


def repository(root: Path, base: str, head: str) -> str:
    """Make a repository whose file says `head` now and `base` at the commit that is returned."""
    root.mkdir()
    git(root, "init", "--quiet")
    Path(root, "state").write_text(base, encoding="utf-8")
    git(root, "add", "state")
    git(root, "commit", "--quiet", "-m", "base")
    Path(root, "state").write_text(head, encoding="utf-8")
    return git(root, "rev-parse", "HEAD")


def case(root: Path, feature: str = "as_its_file_says", **changes) -> Case:
    return dataclasses.replace(
        Case("m", feature, "onnx", "legacy", Provider("package", folder=str(root)), timeout=60), **changes
    )


def placed(case: Case, folder: Path) -> Case:
    return dataclasses.replace(case, provider=dataclasses.replace(case.provider, folder=str(folder)))


def looked_at(
    root: Path, commit: str | None, *cases: Case, features=("as_its_file_says",), say=lambda message: None
) -> tuple[CaseResult, ...]:
    first = run_cases(cases, WORKERS).results
    base = None
    if commit is not None:
        exportable = Exportable({"m": features}, Provider("package", folder=str(root)), "")
        base = Base(root, commit, exportable, placed)
    return look_again(cases, first, WORKERS, base, say)


def test_what_passes_at_the_base_is_this_changes(tmp_path):
    root = tmp_path / "repository"
    commit = repository(root, "passes", "fails")
    said: list[str] = []
    (result,) = looked_at(root, commit, case(root), say=said.append)
    assert (result.outcome, result.cause) == ("failed", "change")
    assert said == [
        "1 failing: run once more, to tell noise from fault",
        f"1 failing: run at the base, {commit[:7]}, to tell whose fault it is",
    ]
    assert result.fault.did == "froze axis 1 of logits"
    assert result.fault.why == f"The same export passes at the base, {commit[:7]}."
    assert git(root, "worktree", "list").count("\n") == 0, "the base's folder is gone"


def test_what_fails_at_the_base_too_is_not(tmp_path):
    root = tmp_path / "repository"
    (result,) = looked_at(root, repository(root, "fails", "fails"), case(root))
    assert (result.cause, result.fault.did) == ("upstream", "")


def test_files_from_elsewhere_prove_nothing(tmp_path):
    root = tmp_path / "repository"
    (result,) = looked_at(root, repository(root, "elsewhere", "fails"), case(root))
    assert result.cause == "unknown"
    assert "its model was imported from" in result.fault.why


def test_a_base_without_the_export_is_not_run(tmp_path):
    root = tmp_path / "repository"
    (result,) = looked_at(root, repository(root, "passes", "fails"), case(root), features=())
    assert result.cause == "change"
    assert "has no such export" in result.fault.why


def test_a_commit_that_is_not_there_is_unknown(tmp_path):
    root = tmp_path / "repository"
    repository(root, "passes", "fails")
    (result,) = looked_at(root, "0" * 40, case(root))
    assert result.cause == "unknown"
    assert "could not be laid out" in result.fault.why


def test_noise_is_told_from_fault(tmp_path):
    noisy, steady = case(tmp_path, "fails_once"), case(tmp_path, "fails")
    first, second, third = looked_at(tmp_path, None, noisy, steady, case(tmp_path, "passes"))
    assert (first.outcome, first.cause) == ("undecided", "unknown")
    assert first.reason.startswith("Noise")
    assert (second.outcome, second.cause, third.outcome) == ("failed", "unknown", "passed")
    assert "No change was compared with a base" in second.fault.why


def test_only_so_many_are_run_again_and_the_rest_says_so(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(again, "MOST", 1)
    cases = tuple(case(tmp_path, "fails_once", model_type=name) for name in "abc")
    results = looked_at(tmp_path, None, *cases)
    assert [result.outcome for result in results] == ["undecided", "failed", "failed"]
    assert all("only the first 1 failing" in result.fault.why for result in results[1:])


def test_an_export_that_hangs_and_does_not_at_the_base_is_this_changes(tmp_path):
    root = tmp_path / "repository"
    commit = repository(root, "passes", "sleeps")
    said: list[str] = []
    first, second = looked_at(
        root, commit, case(root, timeout=1), case(root, timeout=1, exporter="dynamo"), say=said.append
    )
    assert said == [f"2 past their time limit: one of them run at the base, {commit[:7]}"]
    assert (first.outcome, first.cause, second.cause) == ("undecided", "change", "change")
    assert first.fault.did == "made the export run past its time limit"
    assert first.fault.why == f"The same export took 0 s at the base, {commit[:7]}."
    assert second.fault.why.startswith("Another such export, m/as_its_file_says, took 0 s")


def test_an_export_that_hangs_at_the_base_too_is_the_environments(tmp_path):
    root = tmp_path / "repository"
    (result,) = looked_at(root, repository(root, "sleeps", "sleeps"), case(root, timeout=1))
    assert (result.outcome, result.cause) == ("undecided", "environment")
    assert "could not be decided at the base" in result.fault.why


def test_a_new_export_that_hangs_is_nobodys_fault_for_sure(tmp_path):
    root = tmp_path / "repository"
    (result,) = looked_at(root, repository(root, "passes", "sleeps"), case(root, timeout=1), features=())
    assert (result.outcome, result.cause) == ("undecided", "unknown")
