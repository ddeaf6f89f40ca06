"""The pre-commit hooks as people run them: real pre-commit, real repositories, the manifest of this checkout."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import environments
from support.hooks import hook_configuration, pre_commit, stage_branch
from support.repositories import ROOT, Repository, git, make_repository

STATIC, FIX, EXPORT = "check-onnx-config", "fix-onnx-config", "export-onnx"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PRE_COMMIT_HOME, shared by the tests of this file: the hook's environment is made once."""
    return tmp_path_factory.mktemp("pre-commit")


@pytest.fixture(scope="module")
def hook_python(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python pre-commit made for the static hook."""
    repository = make_repository(tmp_path_factory.mktemp("hook") / "acme-models")
    hook_configuration(repository.root)
    installed = pre_commit(repository.root, home, "install-hooks")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    (python,) = home.glob("repo*/py_env-*/bin/python")
    return python


def run_hook(repository: Repository, home: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    hook_configuration(repository.root)
    done = pre_commit(repository.root, home, "run", *arguments, **environment)
    return done.returncode, done.stdout + done.stderr


def test_pre_commit_accepts_the_manifest(home: Path) -> None:
    done = pre_commit(ROOT, home, "validate-manifest", ".pre-commit-hooks.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("branch", "code"), [("complete", 0), ("incomplete", 1), ("unlisted", 1)])
def test_try_repo_passes_on_good_and_fails_on_bad(
    example_repository: Repository, home: Path, branch: str, code: int
) -> None:
    stage_branch(example_repository, branch)
    done = pre_commit(example_repository.root, home, "try-repo", str(ROOT), STATIC)
    assert done.returncode == code, done.stdout + done.stderr


@pytest.mark.usefixtures("hook_python")
def test_the_finding_is_printed_with_its_place(example_repository: Repository, home: Path) -> None:
    stage_branch(example_repository, "incomplete")
    code, output = run_hook(example_repository, home, STATIC)
    assert code == 1
    assert re.search(r"src/acme_models/magpie/configuration_magpie\.py:\d+", output)
    assert re.findall(r"\bunregistered\b", output)
    assert "no-matrix-entry" not in output


@pytest.mark.usefixtures("hook_python")
def test_what_is_not_staged_neither_hides_nor_causes_a_finding(example_repository: Repository, home: Path) -> None:
    root = example_repository.root
    registry, matrix = "src/acme_models/onnx/features.py", "tests/onnx/test_onnx_v2.py"
    stage_branch(example_repository, "incomplete")
    for file in (registry, matrix):
        (root / file).write_text(git(root, "show", f"complete:{file}") + "\n")
    assert run_hook(example_repository, home, STATIC)[0] == 1
    git(root, "add", registry, matrix)
    code, output = run_hook(example_repository, home, STATIC)
    assert code == 0, output


@pytest.mark.usefixtures("hook_python")
def test_standing_findings_are_shown_under_all_files_and_do_not_block(
    example_repository: Repository, home: Path
) -> None:
    example_repository.checkout("incomplete")
    code, output = run_hook(example_repository, home, STATIC, "--all-files", "--verbose")
    assert code == 0, output
    assert "unregistered" in output


def test_the_static_hook_brings_no_heavy_package(hook_python: Path) -> None:
    listed = subprocess.run(
        [str(hook_python), "-m", "pip", "list", "--format", "freeze"], capture_output=True, text=True, check=True
    )
    names = {line.partition("==")[0].lower() for line in listed.stdout.splitlines()}
    assert {"transformers-export", "msgspec"} <= names
    assert names <= {"transformers-export", "msgspec", "tomli", "pip", "setuptools", "wheel"}


@pytest.mark.usefixtures("hook_python")
def test_the_static_hook_passes_a_harmless_change_of_transformers_4(
    transformers_4_repository: Repository, home: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", str(transformers_4_repository.root), "transformers")
    repository = Repository(tmp_path / "transformers", transformers_4_repository.revisions)
    for branch, expected in (("harmless", 0), ("incomplete", 1)):
        git(repository.root, "checkout", "--quiet", "--force", "main")
        git(repository.root, "checkout", repository.revisions[branch], "--", ".")
        code, output = run_hook(repository, home, STATIC)
        assert code == expected, output
        git(repository.root, "reset", "--quiet", "--hard", "main")
    assert "unregistered" in output


def test_try_repo_of_the_fixing_hook_fails_once_and_leaves_what_passes(
    example_repository: Repository, home: Path
) -> None:
    root = example_repository.root
    stage_branch(example_repository, "incomplete")
    notes = root / "README.md"
    notes.write_text(notes.read_text() + "\nNot staged.\n")
    done = pre_commit(root, home, "try-repo", str(ROOT), FIX)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "files were modified by this hook" in done.stdout
    assert 'fixed: Register MagpieOnnxConfig as "acme-magpie"' in done.stdout
    registry, matrix = "src/acme_models/onnx/features.py", "tests/onnx/test_onnx_v2.py"
    assert set(git(root, "diff", "--name-only").split()) == {registry, matrix, "README.md"}
    assert (root / registry).read_text() == git(root, "show", f"complete:{registry}") + "\n"
    git(root, "add", registry, matrix)
    assert "Not staged." in notes.read_text()
    entry = [sys.executable, "-m", "transformers_export", "check", "--hook", "--static", "--fix", registry, matrix]
    again = subprocess.run(entry, cwd=root, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stdout + again.stderr


def on_path(*folders: Path) -> dict[str, str]:
    """An environment in which `transformers-export` and `python` are the ones in `folders`, and git is found."""
    git_command = shutil.which("git")
    assert git_command
    return {"PATH": ":".join([*map(str, folders), str(Path(git_command).parent), "/usr/bin", "/bin"])}


@pytest.fixture
def with_torch() -> dict[str, str]:
    """An environment in which this checkout is installed with torch: the one the tests run in."""
    folder = Path(sys.executable).parent
    assert (folder / "transformers-export").exists(), f"transformers-export is not installed in {folder}: `make test`"
    return on_path(folder)


@pytest.mark.usefixtures("hook_python")
def test_export_passes_a_good_change_and_fails_a_planted_divergence(
    example_repository: Repository, home: Path, with_torch: dict[str, str]
) -> None:
    stage_branch(example_repository, "diverging")
    code, output = run_hook(example_repository, home, EXPORT, "--hook-stage", "manual", **with_torch)
    assert code == 1
    assert "acme-heron/masked-lm" in output
    assert "values" in output
    stage_branch(example_repository, "complete")
    git(example_repository.root, "commit", "--quiet", "--no-verify", "-m", "Add the decoder")
    code, output = run_hook(example_repository, home, STATIC, **with_torch)
    assert code == 0, output


@pytest.mark.usefixtures("hook_python")
def test_a_push_exports_what_it_brings(
    example_repository: Repository, home: Path, tmp_path: Path, with_torch: dict[str, str]
) -> None:
    root = example_repository.root
    git(tmp_path, "init", "--quiet", "--bare", "remote.git")
    git(root, "remote", "add", "origin", str(tmp_path / "remote.git"))
    git(root, "push", "--quiet", "origin", "main")
    example_repository.checkout("diverging")
    hook_configuration(root)
    git(root, "commit", "--quiet", "--no-verify", "-m", "Use the hooks")
    installed = pre_commit(root, home, "install", "--hook-type", "pre-push")
    assert installed.returncode == 0, installed.stdout
    environment = {**with_torch, "PRE_COMMIT_HOME": str(home)}
    pushed = subprocess.run(
        ["git", "push", "origin", "diverging"], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    output = pushed.stdout + pushed.stderr
    assert pushed.returncode != 0
    assert "acme-heron/masked-lm" in output
    assert git(tmp_path / "remote.git", "branch", "--list", "diverging") == ""


@pytest.fixture(scope="module")
def python_without_torch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with this checkout and what it needs to run cases elsewhere, but nothing to export with."""
    directory = tmp_path_factory.mktemp("without-torch") / "environment"
    environments.run("An environment", sys.executable, "-m", "venv", directory)
    python = directory / "bin" / "python"
    install = ("-m", "pip", "install", "--quiet", "--constraint", environments.CONSTRAINTS)
    environments.run("An environment", python, *install, f"{ROOT}[check]")
    return python


def test_without_torch_export_names_the_command_that_installs_it(
    example_repository: Repository, home: Path, hook_python: Path, python_without_torch: Path
) -> None:
    stage_branch(example_repository, "complete")
    for python in (hook_python, python_without_torch):
        environment = on_path(python.parent)
        code, output = run_hook(example_repository, home, EXPORT, "--hook-stage", "manual", **environment)
        assert code == 1
        assert re.search(r"pip install .*(torch|\[onnx\])", output), output
