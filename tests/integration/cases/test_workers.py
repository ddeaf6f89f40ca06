"""Real servers, real processes: what a case does to itself and to others, and what the tool makes of it."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from transformers_export.cases.contain import why_not
from transformers_export.cases.types import Case, Provider
from transformers_export.cases.versions import EnvironmentProblem
from transformers_export.cases.workers import Workers, run_cases

TESTS = Path(os.environ.get("WORKERS_TESTS") or Path(__file__).parents[2])
MEBI = 2**20


def workers(runner: str = "by_feature", **changes) -> Workers:
    settings = Workers(
        sys.executable,
        search_path=(TESTS,),
        runner=f"support.case_runners:{runner}",
        preload=("json",),
        start_timeout=60,
    )
    return dataclasses.replace(settings, **changes)


def case(feature: str, folder: Path | str = "", **changes) -> Case:
    provider = Provider("package", folder=str(folder))
    return dataclasses.replace(Case("m", feature, "onnx", "legacy", provider, timeout=60), **changes)


def run_one(feature: str, folder: Path | str = "", contain: bool = True, **changes):
    (result,) = run_cases((case(feature, folder, **changes),), workers(contain=contain)).results
    return result


def processes_like(*arguments: str) -> list[psutil.Process]:
    return [p for p in psutil.process_iter(["cmdline"]) if (p.info["cmdline"] or [])[: len(arguments)] == [*arguments]]


def test_a_case_that_passes_is_passed_with_its_figures():
    outcome = run_cases((case("passes"),), workers())
    (result,) = outcome.results
    assert (result.outcome, result.cause, result.opset, result.error) == ("passed", None, 18, None)
    assert 0 < result.seconds < 30
    assert outcome.versions["python"].startswith(f"{sys.version_info.major}.{sys.version_info.minor}")


def test_results_come_in_the_order_of_the_cases_and_run_side_by_side():
    cases = tuple(case("sleeps_a_little", model_type=f"m{number}") for number in range(6))
    running, most = set(), []

    def follow(started, result):
        (running.add if result is None else running.remove)(started.model_type)
        most.append(len(running))

    results = run_cases(cases, workers(jobs=3), follow).results
    assert [r.model_type for r in results] == [f"m{number}" for number in range(6)]
    assert {r.outcome for r in results} == {"passed"}
    assert max(most) == 3


def test_a_case_past_its_time_is_undecided_and_its_process_gone():
    result = run_one("sleeps", timeout=0.5)
    assert (result.outcome, result.cause) == ("undecided", "environment")
    assert "time limit of 0.5 s" in result.reason
    assert result.seconds < 5
    assert not [p for p in psutil.Process().children(recursive=True) if "case_runners" in str(p.cmdline())]


@pytest.mark.parametrize("feature", ["eats_memory", "eats_memory_at_once", "child_eats_memory"])
def test_a_case_past_its_memory_is_undecided(feature):
    result = run_one(feature, memory_limit=200 * MEBI)
    assert (result.outcome, result.cause) == ("undecided", "environment")
    assert "memory limit" in result.reason
    assert "200 MiB" in result.reason


def test_the_peak_of_memory_is_reported():
    assert 5 * MEBI < run_one("sleeps_a_little").peak_bytes < 200 * MEBI


def test_a_crash_is_failed_and_names_the_signal_and_the_line():
    result = run_one("segfaults")
    assert (result.outcome, result.cause) == ("failed", "change")
    assert "signal 11 (SIGSEGV)" in result.error.message
    assert any("case_runners.py" in frame and "in segfaults" in frame for frame in result.error.frames)


def test_an_abort_keeps_its_name_in_namespaces_too():
    assert "signal 6 (SIGABRT)" in run_one("aborts").error.message


def test_in_its_namespaces_a_case_reaches_nothing_but_itself_and_the_verdict_says_whether_it_had_them(tmp_path):
    run = run_cases((case("attacks_everything", tmp_path), case("sleeps_a_little")), workers(jobs=2))
    refused = why_not()
    assert ("in namespaces of its own" in run.isolation) == (not refused)
    assert refused[:100] in run.isolation
    assert refused or run.results[0].error.message == "worked: []"
    assert run.results[1].outcome == "passed"


def test_without_namespaces_the_verdict_says_so_and_the_attacks_that_work_are_the_ones_security_md_names(tmp_path):
    run = run_cases((case("attacks_everything", tmp_path),), workers(contain=False))
    assert "No namespaces (not tried)" in run.isolation
    assert "same user" in run.isolation
    worked = run.results[0].error.message
    assert "write beside the project" in worked
    assert "sudo" not in worked, "no_new_privs needs no namespace"


@pytest.mark.parametrize("place", ["/dev/shm", "/run"])
def test_where_namespaces_would_hide_the_project_or_the_cases_folder_there_are_none(place, monkeypatch):
    if not os.access(place, os.W_OK):
        place = "/dev/shm"
    with tempfile.TemporaryDirectory(dir=place) as folder:
        run = run_cases((case("passes", folder),), workers())
        assert (run.results[0].outcome, "No namespaces" in run.isolation) == ("passed", True)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        monkeypatch.setenv("TMPDIR", folder)
        run = run_cases((case("passes"),), workers())
        assert (run.results[0].outcome, "No namespaces" in run.isolation) == ("passed", True)


def test_a_keeper_and_a_first_process_are_not_counted_as_memory_of_the_case():
    plain = run_one("sleeps_a_little", contain=False).peak_bytes
    assert run_one("sleeps_a_little").peak_bytes < 1.5 * plain


@pytest.mark.parametrize("contain", [True, False])
def test_a_fork_bomb_is_ended_and_the_next_case_runs(contain):
    results = run_cases((case("forks_forever"), case("passes")), workers(contain=contain)).results
    assert [r.outcome for r in results] == ["undecided", "passed"]
    assert results[0].reason == "Started more than 128 processes."
    assert not [p for p in psutil.Process().children(recursive=True) if "case_runners" in str(p.cmdline())]


def test_an_exit_without_result_is_failed():
    assert "exit code 3" in run_one("exits").error.message
    assert "without leaving a result" in run_one("leaves_at_once").error.message


def test_an_exception_is_failed_and_its_last_frame_comes_first():
    error = run_one("raises").error
    assert (error.type, error.message) == ("ValueError", "the configuration is wrong")
    assert "in raises" in error.frames[0]


@pytest.mark.parametrize("contain", [True, False])
@pytest.mark.parametrize(("feature", "outcome"), [("detaches", "passed"), ("detaches_and_sleeps", "undecided")])
def test_a_detached_grandchild_is_gone_when_its_case_has_ended(feature, outcome, contain, tmp_path):
    """Not only when everything has ended: it would share the machine with the cases after it."""
    (tmp_path / "marker").write_text(f"4242.{feature}".replace("detaches_and_sleeps", "1").replace("detaches", "2"))
    marker = (tmp_path / "marker").read_text()
    seen = []

    def look(case, result):
        seen.append((result and result.outcome, len(processes_like("sleep", marker))))

    run_cases((case(feature, tmp_path, timeout=2),), workers(contain=contain), look)
    assert seen == [(None, 0), (outcome, 0)]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux lets a process adopt orphans")
@pytest.mark.parametrize(("feature", "marker"), [("escapes", "4242.6"), ("escapes_by_a_grandchild", "4242.7")])
def test_a_case_that_kills_keeper_and_server_leaves_nothing_behind(feature, marker, tmp_path):
    (tmp_path / "marker").write_text(marker)
    mine = subprocess.Popen(["sleep", "4242.8"])
    before = psutil.Process().children()
    seen = []

    def look(case, result):
        if case.feature == "passes":
            seen.append((result and result.outcome, len(processes_like("sleep", marker))))

    try:
        results = run_cases((case(feature, tmp_path), case("passes")), workers(contain=False), look).results
        assert [r.outcome for r in results] == ["undecided", "passed"]
        assert seen == [(None, 0), ("passed", 0)], "the next case shares the machine with nobody"
        assert processes_like("sleep", marker) == []
        assert mine.poll() is None, "what the tool had started before is not its to end"
        assert [child for child in psutil.Process().children() if child not in before] == []
    finally:
        mine.kill()
        mine.wait()


def test_prints_do_not_disturb_the_protocol():
    assert run_one("prints_garbage").outcome == "passed"


def test_a_case_that_prints_without_end_is_stopped():
    result = run_one("prints_without_end")
    assert (result.outcome, result.reason) == ("undecided", "Printed more than 64 MiB.")


@pytest.mark.parametrize(
    ("feature", "kind"),
    [
        ("answers_too_much", "UnreadableResult"),
        ("answers_nonsense", "UnreadableResult"),
        ("answers_by_a_link", "NoResult"),
        ("claims_to_have_passed", "NotVerified"),
        ("forges_three_lines", "NotVerified"),
    ],
)
def test_a_result_that_cannot_be_believed_is_failed(feature, kind):
    result = run_one(feature)
    assert (result.outcome, result.error.type) == ("failed", kind)


@pytest.mark.parametrize("contain", [True, False])
def test_a_case_that_leaves_deep_folders_ends_no_run_and_leaves_nothing(contain, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cases = (case("passes"), case("leaves_deep_folders"), case("passes"))
    results = run_cases(cases, workers(contain=contain)).results
    assert [result.outcome for result in results] == ["passed"] * 3
    assert list(tmp_path.iterdir()) == []


def test_a_keeper_killed_from_outside_is_noticed():
    result = run_one("kills_its_keeper", contain=False)
    assert (result.outcome, result.cause) == ("undecided", "environment")
    assert "killed from outside" in result.reason


def test_a_server_that_dies_is_started_again_and_its_case_reported():
    results = run_cases((case("kills_the_server"), case("passes")), workers(contain=False)).results
    assert [r.outcome for r in results] == ["undecided", "passed"]
    assert "server in the project interpreter ended" in results[0].reason


def test_a_server_that_dies_twice_is_given_up_and_every_case_reported():
    cases = (case("kills_the_server"), case("kills_the_server"), case("passes"))
    results = run_cases(cases, workers(contain=False)).results
    assert [r.outcome for r in results] == ["undecided"] * 3


@pytest.mark.parametrize(
    ("feature", "outcome"), [("passes", "passed"), ("segfaults", "failed"), ("sleeps", "undecided")]
)
def test_without_fork_a_fresh_process_does_the_same(feature, outcome):
    run = run_cases((case(feature, timeout=3),), workers(fork=False))
    assert run.results[0].outcome == outcome
    assert "fresh process" in run.isolation


def test_no_secret_reaches_a_case(monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.setenv("ACTIONS_RUNTIME_TOKEN", "secret")
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("MY_PASSWORD", "secret")
    seen = run_one("shows_its_environment").error.message.split()
    assert "PATH" in seen
    assert not {"GITHUB_TOKEN", "ACTIONS_RUNTIME_TOKEN", "HF_TOKEN", "MY_PASSWORD"} & set(seen)


def test_progress_tells_start_and_end_of_each_case():
    told = []
    cases = (case("passes"), case("exits"))
    run_cases(cases, workers(), lambda case, result: told.append((case.feature, result and result.outcome)))
    assert told == [("passes", None), ("passes", "passed"), ("exits", None), ("exits", "failed")]


def test_an_interrupt_leaves_nothing_behind(tmp_path):
    (tmp_path / "marker").write_text("4242.3")

    def interrupt(case, result):
        if case.feature == "passes":
            time.sleep(0.5)  # the other case has started its grandchild by now
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_cases((case("detaches_and_sleeps", tmp_path), case("passes")), workers(jobs=2), interrupt)
    assert processes_like("sleep", "4242.3") == []


def test_nothing_outlives_a_tool_that_is_killed(tmp_path):
    (tmp_path / "marker").write_text("4242.5")
    code = (
        "from integration_workers import case, run_cases, workers\n"
        f"run_cases((case('detaches_and_sleeps', {str(tmp_path)!r}),), workers())"
    )
    (tmp_path / "integration_workers.py").write_text(Path(__file__).read_text())
    search_path = os.pathsep.join([str(tmp_path), str(TESTS), *sys.path])
    environment = {**os.environ, "PYTHONPATH": search_path, "WORKERS_TESTS": str(TESTS), "TMPDIR": str(tmp_path)}
    tool = subprocess.Popen([sys.executable, "-c", code], env=environment)
    wait_until(lambda: processes_like("sleep", "4242.5"))
    tool.kill()
    tool.wait()
    wait_until(lambda: not processes_like("sleep", "4242.5"))


def wait_until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


def test_an_interpreter_that_is_not_there_is_one_problem():
    with pytest.raises(EnvironmentProblem, match=r"Expected the project interpreter at /nowhere/python"):
        run_cases((case("passes"),), workers(python="/nowhere/python"))


def test_an_interpreter_that_cannot_start_shows_its_last_words(tmp_path):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'no module named site' >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(EnvironmentProblem, match="no module named site"):
        run_cases((case("passes"),), workers(python=str(broken)))


def test_an_interpreter_that_never_answers_is_given_up(tmp_path):
    stuck = tmp_path / "python"
    stuck.write_text("#!/bin/sh\nsleep 4242.4\n")
    stuck.chmod(0o755)
    with pytest.raises(EnvironmentProblem, match="not ready in time"):
        run_cases((case("passes"),), workers(python=str(stuck), start_timeout=0.5))
    assert processes_like("sleep", "4242.4") == []


def test_a_module_that_cannot_be_imported_is_named():
    with pytest.raises(EnvironmentProblem, match="cannot import no_such_module: ModuleNotFoundError"):
        run_cases((case("passes"),), workers(preload=("json", "no_such_module")))


def test_a_bare_environment_is_one_error_that_names_the_command(tmp_path):
    import venv

    venv.create(tmp_path / "bare", with_pip=False)
    python = str(tmp_path / "bare" / "bin" / "python")
    with pytest.raises(EnvironmentProblem) as problem:
        run_cases((case("passes"),), dataclasses.replace(Workers(python), start_timeout=60))
    message = str(problem.value)
    for name in ("torch", "transformers", "onnx", "onnxruntime"):
        assert f"{name} is not installed" in message
    assert f"{python} -m pip install " in message
