"""`transformers-export check` with TorchScript among the targets: from the pull request to the rendered report."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from support.repositories import commit
from transformers_export.report.render import comment
from transformers_export.verdict.schema import decode

if TYPE_CHECKING:
    from pathlib import Path

    from transformers_export.verdict.types import Verdict

MODELING = "src/acme_models/magpie/modeling_magpie.py"


def settings(root: Path, text: str) -> None:
    with (root / "pyproject.toml").open("a") as stream:
        stream.write(f"\n[tool.transformers-export]\n{text}\n")
    commit(root, "Settings")


def check(root: Path, python: Path, *, code: int) -> tuple[Verdict, str]:
    """Run the command; its exit code must be `code`. Returns the verdict and what was printed."""
    file = root.parent / "verdict.json"
    arguments = ["--base", "main", "--python", str(python), "--exporter", "legacy", "--json", str(file)]
    command = [sys.executable, "-m", "transformers_export", "check", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return decode(file.read_bytes()), done.stdout


def test_both_targets_are_cases_of_one_verdict_and_rows_of_one_report(example_repository, example_python):
    example_repository.checkout("complete")
    settings(example_repository.root, 'targets = ["onnx", "torchscript"]\njobs = 2')
    verdict, printed = check(example_repository.root, example_python, code=0)
    features = ("default", "default-with-past", "causal-lm", "causal-lm-with-past")
    assert sorted((case.feature, case.target, case.exporter, case.outcome) for case in verdict.cases) == sorted(
        (feature, target, exporter, "passed")
        for feature in features
        for target, exporter in (("onnx", "legacy"), ("torchscript", "torchscript"))
    )
    traced = [case for case in verdict.cases if case.target == "torchscript"]
    for case in traced:
        names = ["file", "names", "weights", "axes", "values"]
        assert [check.name for check in case.checks] == [*names, *(["past"] if "past" in case.feature else [])]
        assert (case.max_difference, case.opset) == (0, None)
        assert case.nodes > 10
        assert case.bytes > 1000
    assert not [item for item in verdict.not_checked if item.blocking]
    assert "acme-magpie  causal-lm-with-past  torchscript  passed" in printed
    report = comment(verdict, None)
    assert "### ✅ 8 of 8 exports verified" in report
    assert "| ✅ | `acme-magpie` | `causal-lm` | torchscript | 5/5 | 0\u00a0of\u00a01e\u20115 | – |" in report


def test_a_trace_that_holds_at_one_size_alone_is_red_and_the_report_says_what_to_do(example_repository, example_python):
    """Needs nothing of ONNX: the one target is TorchScript."""
    example_repository.checkout("complete")
    root = example_repository.root
    expected = '[tool.transformers-export.expected-failures]\n"acme-magpie/default/torchscript" = "known"'
    settings(root, f'targets = ["torchscript"]\njobs = 2\n{expected}')
    file = root / MODELING
    frozen = file.read_text().replace("torch.arange(input_ids.shape[1], ", "torch.arange(int(input_ids.shape[1]), ")
    assert frozen != file.read_text()
    file.write_text(frozen)
    commit(root, "Read the length in Python")
    verdict, printed = check(root, example_python, code=1)
    assert {(case.feature, case.exporter, case.outcome) for case in verdict.cases} == {
        ("default", "torchscript", "expected-failure"),
        *((feature, "torchscript", "failed") for feature in ("default-with-past", "causal-lm", "causal-lm-with-past")),
    }
    failed = next(case for case in verdict.cases if case.feature == "causal-lm")
    axes = next(check for check in failed.checks if check.name == "axes")
    assert axes.outcome == "failed"
    assert "does not hold at input_ids 3×13 (RuntimeError: The size of tensor a (13) must match" in axes.detail
    assert "modeling_magpie.py:" in axes.detail
    assert "pad_to" in axes.detail
    assert "acme-magpie/causal-lm/torchscript: failed (change)" in printed
    report = comment(verdict, None)
    assert "### ❌ 0 of 4 exports verified" in report
    assert "does not hold at input" in report
