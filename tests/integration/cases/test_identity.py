"""The identity of a case with a real interpreter: what is installed there decides, and nothing of it is imported."""

from __future__ import annotations

import json
import sys
import venv
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from support.repositories import make_repository
from transformers_export.cases import identity
from transformers_export.cases.plan import make_plan
from transformers_export.project import open_project
from transformers_export.source.tree import working_tree

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repository(tmp_path_factory.mktemp("identity") / "acme-models").root


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """An interpreter in which a `torch` is said to be installed whose import would fail."""
    venv.create(tmp_path / "environment", with_pip=False)
    install(tmp_path, "torch", "2.13.0", files={"torch/__init__.py": "raise SystemExit('imported')\n"})
    return tmp_path / "environment" / "bin" / "python"


def install(tmp_path: Path, name: str, version: str, *, files: dict[str, str], origin: object = None) -> None:
    """Put a distribution into the environment, as pip leaves it."""
    (packages,) = (tmp_path / "environment" / "lib").glob("python*/site-packages")
    for old in packages.glob(f"{name}-*.dist-info"):
        for file in old.iterdir():
            file.unlink()
        old.rmdir()
    info = packages / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    for path, text in files.items():
        (packages / path).parent.mkdir(exist_ok=True)
        (packages / path).write_text(text)
    (info / "RECORD").write_text("".join(f"{path},sha256={hash(text)},{len(text)}\n" for path, text in files.items()))
    if origin is not None:
        (info / "direct_url.json").write_text(json.dumps(origin))


def keys(root: Path, python: Path, **changes: object) -> list[identity.Identity]:
    tree = working_tree(root)
    project = open_project(root, tree)
    snapshot = project.snapshot(tree)
    plan = make_plan(project, snapshot, None, exporter="legacy", everything=True)
    cases = [replace(case, **changes) for case in plan.cases]
    return identity.identities(cases, snapshot, str(python), root, ())


def test_every_case_has_its_own_and_the_same_twice(repository, python):
    once = keys(repository, python)
    assert len({found.key for found in once}) == len(once) > 1
    assert all(len(found.key) == 64 and not found.why_not for found in once)
    assert keys(repository, python) == once


@pytest.mark.parametrize(
    "change",
    [
        {"exporter": "dynamo"},
        {"opset": 17},
        {"atol": 1e-3},
        {"timeout": 10.0},
        {"memory_limit": 2**30},
        {"expected_failure": "known"},
    ],
)
def test_options_and_settings_decide(repository, python, change):
    assert not {found.key for found in keys(repository, python)} & {
        found.key for found in keys(repository, python, **change)
    }


def test_another_version_or_build_of_a_library_decides(repository, python, tmp_path):
    seen = [keys(repository, python)[0].key]
    install(tmp_path, "torch", "2.14.0", files={"torch/__init__.py": "raise SystemExit('imported')\n"})
    seen.append(keys(repository, python)[0].key)
    install(tmp_path, "torch", "2.14.0", files={"torch/__init__.py": "raise SystemExit('another build')\n"})
    seen.append(keys(repository, python)[0].key)
    install(tmp_path, "somewhere", "1", files={"somewhere.py": ""})
    seen.append(keys(repository, python)[0].key)
    assert len(set(seen)) == 4


def test_our_own_code_decides(repository, python, monkeypatch):
    before = keys(repository, python)[0].key
    monkeypatch.setattr(identity, "_our_code", lambda: "changed")
    assert keys(repository, python)[0].key != before


def test_the_projects_own_installation_does_not_decide_beyond_its_code(repository, python, tmp_path):
    """What `pip install .` records changes with every commit; the code that runs is the checkout's."""
    origin = {"url": repository.as_uri(), "dir_info": {"editable": True}}
    install(tmp_path, "acme_models", "0.1.dev1", files={"acme_models_x.py": "1"}, origin=origin)
    before = keys(repository, python)[0]
    install(tmp_path, "acme_models", "0.1.dev2", files={"acme_models_x.py": "2"}, origin=origin)
    assert before.key
    assert keys(repository, python)[0] == before


def test_code_that_is_installed_from_elsewhere_as_editable_gives_no_identity(repository, python, tmp_path):
    origin = {"url": (tmp_path / "helpers").as_uri(), "dir_info": {"editable": True}}
    install(tmp_path, "helpers", "1", files={"helpers_x.py": ""}, origin=origin)
    assert all(
        not found.key and "helpers is installed as editable" in found.why_not for found in keys(repository, python)
    )


def test_a_folder_that_is_searched_for_modules_gives_no_identity(repository, python, tmp_path):
    (tmp_path / "loose").mkdir()
    (packages,) = (tmp_path / "environment" / "lib").glob("python*/site-packages")
    (packages / "loose.pth").write_text(f"{tmp_path / 'loose'}\n")
    assert "is searched for modules" in keys(repository, python)[0].why_not


def test_an_interpreter_that_says_nothing_gives_no_identity(repository, tmp_path):
    assert "does not say what is installed" in keys(repository, tmp_path / "no-python")[0].why_not
    assert "does not say what is installed" in keys(repository, tmp_path)[0].why_not


def test_the_interpreter_of_the_tests_has_one(repository):
    assert keys(repository, sys.executable)[0].key
