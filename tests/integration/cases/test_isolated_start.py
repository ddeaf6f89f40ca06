"""The repository's code runs inside the containment alone, however the repository got onto Python's path."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.layouts import repository
from transformers_export.cases import seen
from transformers_export.cases.contain import why_not
from transformers_export.cases.environment import expose_package, isolated, scrubbed
from transformers_export.cases.identity import _installed
from transformers_export.cases.types import Case, Provider
from transformers_export.cases.versions import EnvironmentProblem
from transformers_export.cases.workers import Workers, run_cases

if TYPE_CHECKING:
    from transformers_export.cases.workers import Outcome

TESTS = Path(__file__).parents[2]
contained = pytest.mark.skipif(bool(why_not()), reason="no namespaces here")

ATTACK = """
import os

note = os.readlink("/proc/self/ns/pid") + os.readlink("/proc/self/ns/user")
try:
    with open({notes!r}, "a") as stream:
        stream.write(f"{{__name__}} {{note}} {{os.getpid()}}\\n")
except OSError:
    pass
import transformers_export.cases.contain as contain

contain.why_not = lambda: ""
contain.enter = contain.settle_in = lambda *folders: None
"""
"""Writes down that it ran where something can be written, and switches the containment off."""


def attacked(tmp_path: Path, *modules: str) -> tuple[Path, Path]:
    """A repository whose `src` holds the attack under several names, and the file that must stay away."""
    notes = tmp_path / "notes"
    names = ["sitecustomize.py", "usercustomize.py", "torch.py", *modules]
    return repository(tmp_path / "repository", dict.fromkeys((f"src/{n}" for n in names), attack(notes))), notes


def attack(notes: Path) -> str:
    return ATTACK.format(notes=str(notes))


def run(root: Path, features: tuple[str, ...] = ("passes",), **changes: object) -> Outcome:
    cases = tuple(Case("m", feature, "onnx", "legacy", Provider("package", folder=str(root))) for feature in features)
    settings = {"search_path": (root / "src", TESTS), "runner": "support.case_runners:by_feature", "preload": ("json",)}
    return run_cases(cases, Workers(**{"python": sys.executable, **settings, **changes}))


@contained
def test_nothing_of_a_folder_on_the_search_path_runs_in_the_server(tmp_path: Path) -> None:
    root, notes = attacked(tmp_path)
    outcome = run(root)
    assert not notes.exists(), notes.read_text()
    assert outcome.results[0].outcome == "passed"
    assert "Measured from outside for 1 of 1 cases" in outcome.isolation


@contained
def test_a_checkout_that_every_case_needs_is_imported_in_namespaces_and_the_tool_has_seen_them(tmp_path: Path) -> None:
    root, notes = attacked(tmp_path, "formers/__init__.py")
    shown = ("shows_its_environment", "passes", "leaves_deep_folders")
    outcome = run(root, shown, preload=("json", "formers"), jobs=2)
    assert not notes.exists(), notes.read_text()
    assert outcome.results[1].outcome == "passed"
    assert "The server and all cases share namespaces" in outcome.isolation
    assert "Measured from outside for 3 of 3 cases" in outcome.isolation


@contained
def test_a_checkout_gets_namespaces_though_an_installed_package_has_started_threads(tmp_path: Path) -> None:
    """A process with threads can make no user namespace."""
    root, notes = attacked(tmp_path, "formers/__init__.py")
    venv.create(tmp_path / "environment", with_pip=False)
    (packages,) = (tmp_path / "environment" / "lib").glob("python*/site-packages")
    start = "import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    (packages / "threads.py").write_text(start)
    outcome = run(root, python=str(tmp_path / "environment/bin/python"), preload=("threads", "formers"))
    assert outcome.results[0].outcome == "passed"
    assert not notes.exists()
    assert "Measured from outside for 1 of 1 cases" in outcome.isolation


@contained
def test_the_code_of_a_checkout_sees_no_process_of_ours_and_writes_only_into_its_folders(tmp_path: Path) -> None:
    root, _ = attacked(tmp_path)
    (root / "src/formers.py").write_text(LOOKS_AROUND)
    outcome = run(root, ("shows_what_a_checkout_saw",), preload=("json", "formers"))
    assert outcome.results[0].error is not None
    said = json.loads(outcome.results[0].error.message)
    assert said["processes"] == 1
    assert said["wrote"] == []
    assert said["capabilities"] == 0


LOOKS_AROUND = f"""
import os, pathlib
wrote = []
for folder in ({str(TESTS)!r}, str(pathlib.Path(__file__).parent), os.getcwd() + "/..", os.getcwd() + "/../../package"):
    try:
        pathlib.Path(folder, "written-by-the-attack").touch()
        wrote.append(folder)
    except OSError:
        pass
status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
SAW = {{"processes": len([n for n in os.listdir("/proc") if n.isdigit()]), "wrote": wrote,
       "capabilities": int(status["CapEff"], 16)}}
"""


def test_where_there_are_no_namespaces_the_verdict_says_that_the_checkout_ran_in_the_server(tmp_path: Path) -> None:
    root, notes = attacked(tmp_path, "formers/__init__.py")
    outcome = run(root, preload=("json", "formers"), contain=False)
    assert "No namespaces (not tried)" in outcome.isolation
    assert "The checkout's own code ran in the server that runs all cases" in outcome.isolation
    assert "Measured" not in outcome.isolation
    assert notes.read_text().startswith("formers ")


@contained
def test_a_case_that_is_not_isolated_does_not_run_and_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, _ = attacked(tmp_path)
    monkeypatch.setattr("transformers_export.cases.workers.lacking", lambda pid, below: "its namespaces are ours: user")
    outcome = run(root)
    assert (outcome.results[0].outcome, outcome.results[0].cause) == ("undecided", "environment")
    assert "to be isolated, but its namespaces are ours: user" in outcome.results[0].reason
    assert "Measured from outside for 0 of 1 cases" in outcome.isolation


@contained
def test_a_server_that_is_not_isolated_imports_no_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, notes = attacked(tmp_path, "formers/__init__.py")
    monkeypatch.setattr("transformers_export.cases.launch.lacking", lambda pid, below: "it has capabilities")
    with pytest.raises(EnvironmentProblem, match="Expected the server in namespaces of its own, but it has cap"):
        run(root, preload=("json", "formers"))
    assert not notes.exists()


def test_what_is_seen_of_a_process_is_what_it_has() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        assert seen.lacking(process.pid, os.getpid()) == "its namespaces are ours: user, mount, process, IPC"
        assert seen.lacking(process.pid, process.pid) == f"process {process.pid} is none of the server's"
        process.kill()
    assert "cannot be looked at" in seen.lacking(process.pid, os.getpid())


@pytest.fixture(params=["path", "finder", "before site-packages"])
def editable(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Path, Path, Path]:
    """An interpreter with a repository installed as editable, the ways there are; the repository, and its notes."""
    root, notes = attacked(tmp_path, "acme/__init__.py", "json/__init__.py")
    venv.create(tmp_path / "environment", with_pip=False)
    (packages,) = (tmp_path / "environment" / "lib").glob("python*/site-packages")
    if request.param == "finder":
        (packages / "__editable___acme_finder.py").write_text(FINDER.format(source=str(root / "src")))
        (packages / "__editable__.acme.pth").write_text("import __editable___acme_finder\n")
    elif request.param == "path":
        (packages / "acme.pth").write_text(f"{root / 'src'}\n")
    else:
        (packages / "acme.pth").write_text(f"import sys; sys.path.insert(0, {str(root / 'src')!r})\n")
    return tmp_path / "environment" / "bin" / "python", root, notes


FINDER = """
import sys
from importlib.util import spec_from_file_location

class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in ("acme", "sitecustomize", "usercustomize"):
            file = "acme/__init__.py" if name == "acme" else name + ".py"
            return spec_from_file_location(name, {source!r} + "/" + file)

sys.meta_path.append(Finder)
"""


@contained
def test_an_editable_install_runs_nothing_in_the_server(editable: tuple[Path, Path, Path]) -> None:
    python, root, notes = editable
    outcome = run(root, python=str(python), search_path=(TESTS,))
    assert not notes.exists(), notes.read_text()
    assert outcome.results[0].outcome == "passed"
    assert "Measured from outside for 1 of 1 cases" in outcome.isolation


def test_an_editable_install_runs_nothing_in_the_identity_query(editable: tuple[Path, Path, Path]) -> None:
    python, root, notes = editable
    digest, outside = _installed(str(python), root, (root / "src",), (root,))
    assert digest, outside
    assert not notes.exists(), notes.read_text()


def test_an_environment_inside_the_repository_is_installed_and_not_the_repository(tmp_path: Path) -> None:
    root, notes = attacked(tmp_path)
    venv.create(root / ".venv", with_pip=False)
    (packages,) = (root / ".venv" / "lib").glob("python*/site-packages")
    (packages / "installed.py").write_text("")
    package = expose_package(tmp_path)
    python = str(root / ".venv" / "bin" / "python")
    code = (
        "from transformers_export.cases import isolated_start as s\n"
        f"s.begin([{str(root)!r}], [{str(root / 'src')!r}])\n"
        "print([s.comes_from_repository(name) for name in ('installed', 'torch', 'json')])\n"
        "import installed\n"
        "s.search_repository()\n"
        "import torch\n"
    )
    done = subprocess.run(
        [python, "-S", "-c", code],
        env=scrubbed({}, (package,)),
        cwd=package,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[False, True, False]\n", done.stderr
    assert notes.read_text().startswith("torch ")
    assert isolated(python, "serve", (root,), ())[:3] == [python, "-S", "-m"]
