"""`make demo` to the letter, but for the environment it makes: the tests run in that one already."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from support.repositories import ROOT
from transformers_export.verdict.schema import decode

if TYPE_CHECKING:
    from pathlib import Path


def demo(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "examples" / "demo.py"), str(directory), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_demo_checks_a_pull_request_with_both_exporters_and_leaves_its_reports(tmp_path: Path) -> None:
    done = demo(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    verdict = decode((tmp_path / "verdict.json").read_bytes())
    assert verdict.conclusion == "success"
    assert {case.outcome for case in verdict.cases} == {"passed"}
    features = {"default", "default-with-past", "causal-lm", "causal-lm-with-past"}
    assert {(case.feature, case.exporter) for case in verdict.cases} == {
        (feature, exporter) for feature in features for exporter in ("dynamo", "legacy")
    }
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert report in done.stdout
    assert "8 of 8 exports verified" in report
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<tr>") == 9
    assert "<details>" in page


def test_it_runs_again_over_an_earlier_one_and_ends_as_the_check_ends(tmp_path: Path) -> None:
    assert demo(tmp_path, "--branch", "incomplete").returncode == 1
    second = demo(tmp_path, "--branch", "incomplete")
    assert second.returncode == 1
    assert "unregistered" in second.stdout
