"""`transformers-export check` from a git repository to its exit code and verdict, as its users start it.

Real repositories, real processes, real exports. The exporter is `legacy` where nothing depends on it: a tenth of the
time.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import venv
from typing import TYPE_CHECKING

import psutil
import pytest

from support.repositories import commit, git
from transformers_export.report.render import comment
from transformers_export.verdict.schema import decode

if TYPE_CHECKING:
    from pathlib import Path

    from transformers_export.verdict.types import Verdict


def check(root: Path, *arguments: str, base: str = "main", code: int) -> Verdict:
    """Run the command in `root`; its exit code must be `code`. Returns the verdict it wrote."""
    file = root.parent / "verdict.json"
    file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "transformers_export", "check", "--base", base, "--json", str(file), *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return decode(file.read_bytes())


def outcomes(verdict: Verdict) -> list[str]:
    return sorted({case.outcome for case in verdict.cases})


def settings(root: Path, text: str) -> None:
    """Put settings into the repository and commit them."""
    with (root / "pyproject.toml").open("a") as stream:
        stream.write(f"\n[tool.transformers-export]\n{text}\n")
    commit(root, "Settings")


def test_the_complete_pull_request_is_green_and_every_case_verified(example_repository, example_python):
    example_repository.checkout("complete")
    verdict = check(
        example_repository.root, "--exporter", "legacy", "--python", str(example_python), "--jobs", "2", code=0
    )
    assert verdict.conclusion == "success"
    assert [f for f in verdict.findings if f.status == "new"] == []
    assert [(case.model_type, case.feature, case.exporter, case.outcome) for case in verdict.cases] == [
        ("acme-magpie", feature, "legacy", "passed")
        for feature in ("default", "default-with-past", "causal-lm", "causal-lm-with-past")
    ]
    for case in verdict.cases:
        assert {"checker", "names", "axes", "values"} <= {check.name for check in case.checks}
        assert ("past" in {check.name for check in case.checks}) >= case.feature.endswith("-with-past")
        assert all(check.outcome in ("passed", "advice") for check in case.checks)
        assert case.max_difference > 0
        assert case.tolerance == pytest.approx(1e-5)
        assert case.nodes > 10
        assert case.bytes > 1000
        assert case.peak_bytes > 2**20
        assert case.seconds > 0
    assert (verdict.base, verdict.head) == (example_repository.base, example_repository.revisions["complete"])
    assert {"python", "torch", "transformers", "onnx", "onnxruntime"} <= verdict.versions.keys()
    assert git(example_repository.root, "status", "--porcelain") == ""


def test_the_incomplete_pull_request_is_red_for_exactly_what_it_forgot(example_repository):
    example_repository.checkout("incomplete")
    verdict = check(example_repository.root, code=1)
    assert [(f.rule, f.status, f.path, f.line, f.subject) for f in verdict.findings] == [
        ("unregistered", "new", "src/acme_models/magpie/configuration_magpie.py", 32, "MagpieOnnxConfig")
    ]
    assert [item.blocking for item in verdict.not_checked] == [True]
    assert verdict.cases == ()


def test_a_model_forgotten_in_the_matrix_is_red_for_exactly_that(example_repository):
    example_repository.checkout("unlisted")
    verdict = check(example_repository.root, "--static", code=1)
    assert [(f.rule, f.subject) for f in verdict.findings] == [("no-matrix-entry", "acme-magpie")]


def test_what_stood_before_is_red_only_when_asked(example_repository):
    example_repository.checkout("incomplete")
    (example_repository.root / "NEWS.md").write_text("news\n")
    commit(example_repository.root, "Something else")
    base = example_repository.revisions["incomplete"]
    assert check(example_repository.root, "--static", base=base, code=0).findings == ()
    verdict = check(example_repository.root, "--static", "--all", base=base, code=0)
    assert [(f.rule, f.status) for f in verdict.findings] == [("unregistered", "standing")]
    check(example_repository.root, "--static", "--all", "--strict", base=base, code=1)


def test_a_revision_is_read_without_a_checkout(example_repository):
    root = example_repository.root
    verdict = check(root, "--static", "--head", "incomplete", code=1)
    assert [f.rule for f in verdict.findings] == ["unregistered"]
    assert verdict.head == example_repository.revisions["incomplete"]
    assert git(root, "rev-parse", "--abbrev-ref", "HEAD").strip() == "main"


def test_an_export_that_computes_something_else_is_red(example_repository):
    example_repository.checkout("diverging")
    verdict = check(example_repository.root, "--exporter", "legacy", code=1)
    assert outcomes(verdict) == ["failed"]
    for case in verdict.cases:
        assert case.cause == "change"
        assert case.max_difference > 100 * case.tolerance
        assert case.located.module.endswith("layers.0.feed_forward")
        assert (case.located.class_name, case.located.operator) == ("HeronFeedForward", "Mul")
        assert case.located.path == "src/acme_models/heron/modeling_heron.py"
        line = (example_repository.root / case.located.path).read_text().splitlines()[case.located.line - 1]
        assert line.strip().startswith("return self.down(")
        assert case.fault.did.startswith(f"made the values differ in {case.located.module}")
        assert "passes at the base" in case.fault.why
        assert {check.name: check.outcome for check in case.checks}["values"] == "failed"


def test_a_case_that_sleeps_past_its_limit_is_red_and_undecided(example_repository):
    example_repository.checkout("sleeping")
    started = time.monotonic()
    verdict = check(example_repository.root, "--timeout", "5", "--jobs", "3", "--exporter", "legacy", code=1)
    assert outcomes(verdict) == ["undecided"]
    assert {(case.cause, case.fault.did) for case in verdict.cases} == {
        ("change", "made the export run past its time limit")
    }
    assert all("time limit of 5 s" in case.reason for case in verdict.cases)
    assert time.monotonic() - started < 90


def test_a_broken_environment_is_red_and_names_the_command_once(example_repository, tmp_path):
    venv.create(tmp_path / "bare", with_pip=False)
    python = str(tmp_path / "bare" / "bin" / "python")
    example_repository.checkout("complete")
    verdict = check(example_repository.root, "--python", python, code=1)
    assert outcomes(verdict) == ["undecided"]
    (why,) = [item.why for item in verdict.not_checked if item.blocking]
    assert "torch is not installed" in why
    assert f"{python} -m pip install" in why


def test_an_interpreter_that_is_not_there_is_red(example_repository):
    example_repository.checkout("complete")
    verdict = check(example_repository.root, "--python", "no/such/python", code=1)
    assert "no/such/python" in verdict.not_checked[-1].why


def test_a_changed_configuration_without_a_case_is_red(example_repository):
    example_repository.checkout("no-case")
    verdict = check(example_repository.root, code=1)
    assert verdict.cases == ()
    (item,) = [item for item in verdict.not_checked if item.blocking]
    assert "acme-plover" in item.what


def test_a_project_that_cannot_be_imported_is_red_and_shows_the_line(example_repository):
    example_repository.checkout("complete")
    package = example_repository.root / "src/acme_models/magpie/modeling_magpie.py"
    package.write_text("import no_such_package\n" + package.read_text())
    verdict = check(example_repository.root, "--exporter", "legacy", code=1)
    assert outcomes(verdict) == ["failed"]
    assert all("no_such_package" in case.error.message for case in verdict.cases)
    assert {case.cause for case in verdict.cases} == {"environment"}
    assert any(
        frame.startswith("src/acme_models/magpie/modeling_magpie.py:1 ") for frame in verdict.cases[0].error.frames
    )


def test_a_failure_the_settings_expect_is_not_red_and_red_when_it_passes(example_repository):
    root = example_repository.root
    example_repository.checkout("diverging")
    heron = root / "src/acme_models/heron/configuration_heron.py"
    settings(root, '[tool.transformers-export.expected-failures]\n"acme-heron/masked-lm" = "waits for a release"')
    verdict = check(root, "--exporter", "legacy", code=1)
    by_feature = {case.feature: case for case in verdict.cases}
    assert by_feature["masked-lm"].outcome == "expected-failure"
    assert by_feature["masked-lm"].reason == "waits for a release"
    git(root, "checkout", "--quiet", "main", "--", str(heron))
    commit(root, "Compute the same again")
    heron.write_text(heron.read_text() + "\n")
    verdict = check(root, "--exporter", "legacy", base="HEAD", code=1)
    assert {case.feature: case.outcome for case in verdict.cases} == {
        "default": "passed",
        "masked-lm": "failed",
        "sequence-classification": "passed",
    }
    (failed,) = [case for case in verdict.cases if case.outcome == "failed"]
    assert failed.error.type == "UnexpectedPass"


def test_auto_tries_the_other_exporter_and_says_so(example_repository):
    root = example_repository.root
    modeling = root / "src/acme_models/heron/modeling_heron.py"
    text = modeling.read_text()
    line = "        positions = torch.arange(input_ids.shape[1]"
    # torch.export refuses a branch on the values of a tensor; a trace follows the one it saw.
    modeling.write_text(text.replace(line, "        if input_ids.sum() < 0:\n            raise ValueError\n" + line))
    auto = check(root, "--exporter", "auto", code=0)
    assert {(case.exporter, case.outcome) for case in auto.cases} == {("legacy", "passed")}
    assert all("The dynamo exporter failed" in case.warnings[0] for case in auto.cases)
    (dynamo, *_) = check(root, "--exporter", "dynamo", code=1).cases
    assert (dynamo.outcome, dynamo.exporter, dynamo.cause) == ("failed", "dynamo", "change")
    number = modeling.read_text().splitlines().index("        if input_ids.sum() < 0:") + 1
    assert dynamo.error.frames[0] == f"src/acme_models/heron/modeling_heron.py:{number} in forward"
    assert "input_ids int64 4×8" in dynamo.error.inputs
    assert dynamo.error.hint.startswith("Python decides by a value")
    assert dynamo.error.link.startswith("https://docs.pytorch.org/")
    assert dynamo.fault.did == f"made the export fail with {dynamo.error.type}"
    assert "passes at the base" in dynamo.fault.why


def test_exporters_that_disagree_about_a_changed_model_are_said_in_verdict_output_and_report(example_repository):
    root = example_repository.root
    modeling = root / "src/acme_models/heron/modeling_heron.py"
    text = modeling.read_text()
    added = "self.position_embeddings(positions)"
    # A trace keeps the number that it saw; torch.export keeps where it came from.
    modeling.write_text(text.replace(added, f"{added} / torch.sym_float(input_ids.shape[1])"))
    verdict = check(root, "--exporter", "both", "--jobs", "2", code=1)
    assert {(case.exporter, case.outcome) for case in verdict.cases} == {("dynamo", "passed"), ("legacy", "failed")}
    assert {(apart.model_type, apart.feature, apart.what) for apart in verdict.disagreements} == {
        (case.model_type, case.feature, "dynamo passes, legacy fails values.") for case in verdict.cases
    }
    report = comment(verdict, None)
    assert "#### The two exporters" in report
    assert "- `acme-heron` `masked-lm`: dynamo passes, legacy fails values." in report


def test_nothing_that_changed_concerns_an_export_and_no_interpreter_is_started(example_repository):
    example_repository.checkout("main")
    (example_repository.root / "NEWS.md").write_text("news\n")
    commit(example_repository.root, "News")
    verdict = check(example_repository.root, "--python", "/no/such/python", base="HEAD^", code=0)
    assert (verdict.cases, verdict.findings, verdict.versions) == ((), (), {})


def test_a_transformers_4_checkout_is_checked_with_its_own_interpreter(transformers_4_repository, python_4, tmp_path):
    root = tmp_path / "transformers"
    git(tmp_path, "clone", "--quiet", "--branch", "harmless", str(transformers_4_repository.root), str(root))
    loose = "src/transformers/models/distilbert/configuration_distilbert.py"
    arguments = ("--python", str(python_4), "--exporter", "legacy")
    verdict = check(root, *arguments, base=transformers_4_repository.revisions["main"], code=0)
    assert {case.model_type for case in verdict.cases} == {"distilbert"}
    assert outcomes(verdict) == ["passed"]
    assert verdict.affected[0].path == loose
    assert verdict.versions["transformers"] == "4.48.0"
    # The tree's own configuration class is what ran, not the one installed in the interpreter.
    assert {case.tolerance for case in verdict.cases} == {1e-4}


def test_an_interrupt_ends_everything_and_has_its_own_code(example_repository):
    example_repository.checkout("sleeping")
    command = [sys.executable, "-m", "transformers_export", "check", "--base", "main", "--exporter", "legacy"]
    # A shell's background job, as these tests may be, ignores interrupts and hands that on.
    tool = subprocess.Popen(
        [*command, "--timeout", "500"],
        cwd=example_repository.root,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    family: list[psutil.Process] = []
    deadline = time.monotonic() + 120
    while len(family) < 3:  # server, keeper, case
        assert time.monotonic() < deadline
        time.sleep(0.1)
        family = psutil.Process(tool.pid).children(recursive=True)
    tool.send_signal(signal.SIGINT)
    _, said = tool.communicate(timeout=60)
    assert tool.returncode == 130
    assert b"Traceback" not in said
    assert [process for process in family if process.is_running()] == []


def test_a_hook_on_commit_reads_what_is_staged(example_repository):
    root = example_repository.root
    magpie = root / "src/acme_models/magpie/configuration_magpie.py"
    git(root, "checkout", "--quiet", "incomplete", "--", "src")
    staged = magpie.read_text()
    magpie.write_text("this is no Python\n")  # not staged: not what the commit will hold
    assert hook(root, str(magpie), code=1).count("unregistered") == 1
    git(root, "reset", "--quiet")
    magpie.write_text(staged)
    assert "success: 0 findings" in hook(root, code=0)


def test_a_hook_on_all_files_shows_what_stood_before_and_does_not_block(example_repository):
    example_repository.checkout("incomplete")
    root = example_repository.root
    files = git(root, "ls-files").split()
    said = hook(root, *files, code=0)
    assert "unregistered (standing)" in said
    assert "failure" in hook(root, "--strict", *files, code=1)


def test_a_hook_on_push_compares_with_what_the_remote_has(example_repository):
    root, revisions = example_repository.root, example_repository.revisions
    pushed = {"PRE_COMMIT_FROM_REF": revisions["main"], "PRE_COMMIT_TO_REF": revisions["incomplete"]}
    assert "unregistered" in hook(root, code=1, **pushed)
    pushed["PRE_COMMIT_FROM_REF"] = revisions["incomplete"]
    assert "success" in hook(root, code=0, **pushed)


def hook(root: Path, *arguments: str, code: int, **environment: str) -> str:
    """Run the command as the static hook does; its exit code must be `code`. Returns what it printed."""
    command = [sys.executable, "-m", "transformers_export", "check", "--hook", "--static", *arguments]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_findings_lie_on_the_lines_of_the_head_commit(example_repository, tmp_path):
    """The checkout is a merge into a main that has grown above the finding; links lead to the pull request's own."""
    root = example_repository.root
    init = root / "src/acme_models/onnx/features.py"
    example_repository.checkout("unlisted")
    head = example_repository.revisions["unlisted"]
    line = check(root, "--static", code=1).findings[0].line
    git(root, "checkout", "--quiet", "-B", "grown", "main")
    init.write_text("# one\n# two\n# three\n" + init.read_text())
    grown = commit(root, "Grow")
    git(root, "merge", "--quiet", "--no-ff", "-m", "Merge", head)
    merge = git(root, "rev-parse", "HEAD").strip()
    changes = tmp_path / "changes.json"
    changes.write_text(json.dumps({"base": grown, "head": head, "merge": merge, "repository": "o/r"}))
    file = tmp_path / "verdict.json"
    command = ["check", "--static", "--changes", str(changes), "--json", str(file)]
    subprocess.run([sys.executable, "-m", "transformers_export", *command], cwd=root, check=False)
    verdict = decode(file.read_bytes())
    assert [(f.rule, f.line) for f in verdict.findings] == [("no-matrix-entry", line)]
    assert (verdict.base, verdict.head) == (grown, head)
    changes.write_text(json.dumps({"base": grown, "head": merge, "merge": merge, "repository": "o/r"}))
    subprocess.run([sys.executable, "-m", "transformers_export", *command], cwd=root, check=False)
    assert [f.line for f in decode(file.read_bytes()).findings] == [line + 3]
