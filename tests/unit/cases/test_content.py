"""What decides a case: every kind of change that may bear on a model gives it another identity, and others do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.repositories import commit, git, make_repository
from transformers_export.cases.content import Content
from transformers_export.project import open_project
from transformers_export.source.tree import revision, working_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERON, MAGPIE = "acme-heron", "acme-magpie"
SOURCE = "src/acme_models"
MODELING = f"{SOURCE}/heron/modeling_heron.py"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with both models; Heron imports a helper that imports another, and derives from a base elsewhere."""
    made = make_repository(tmp_path_factory.mktemp("content") / "acme-models")
    made.checkout("complete")
    root = made.root
    write(root, f"{SOURCE}/shared/__init__.py", "")
    write(root, f"{SOURCE}/shared/near.py", "from acme_models.shared.far import LIMIT\n")
    write(root, f"{SOURCE}/shared/far.py", "LIMIT = 1\n")
    write(root, f"{SOURCE}/shared/base.py", "class Base:\n    pass\n")
    write(root, f"{SOURCE}/heron/words.json", "{}")
    prepend(root, MODELING, "from ..shared import base, near\n")
    commit(root, "Share some code")
    return root


@pytest.fixture(autouse=True)
def as_committed(repository: Path) -> Iterator[None]:
    yield
    git(repository, "checkout", "--quiet", ".")
    git(repository, "clean", "--quiet", "-fdx")


def write(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def prepend(root: Path, path: str, text: str) -> None:
    """Put code below what must stand first in a file."""
    old = (root / path).read_text(encoding="utf-8")
    future = "from __future__ import annotations\n"
    head, found, rest = old.partition(future)
    write(root, path, head + found + text + rest if found else text + old)


def append(root: Path, path: str, text: str) -> None:
    write(root, path, (root / path).read_text(encoding="utf-8") + text)


def decided(root: Path, tree=None) -> dict[str, tuple[str, str]]:
    tree = tree or working_tree(root)
    content = Content(open_project(root, tree).snapshot(tree))
    return {key: content.of(key) for key in (HERON, MAGPIE)}


def test_a_commit_and_a_working_tree_with_the_same_files_are_the_same(repository):
    before = decided(repository)
    assert all(digest and not why for digest, why in before.values())
    assert before[HERON] != before[MAGPIE]
    assert decided(repository, revision(repository, "HEAD")) == before


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        (MODELING, {HERON}),
        (f"{SOURCE}/heron/configuration_heron.py", {HERON}),
        (f"{SOURCE}/heron/__init__.py", {HERON}),
        (f"{SOURCE}/shared/near.py", {HERON}),
        (f"{SOURCE}/shared/far.py", {HERON}),
        (f"{SOURCE}/shared/base.py", {HERON}),
        (f"{SOURCE}/shared/__init__.py", {HERON}),
        (f"{SOURCE}/magpie/modeling_magpie.py", {MAGPIE}),
        (f"{SOURCE}/__init__.py", {HERON, MAGPIE}),
        (f"{SOURCE}/onnx/features.py", {HERON, MAGPIE}),
        ("pyproject.toml", {HERON, MAGPIE}),
        (f"{SOURCE}/heron/words.json", {HERON, MAGPIE}),
        ("README.md", set()),
        ("tests/onnx/test_onnx_v2.py", set()),
    ],
)
def test_a_change_is_of_the_models_it_may_bear_on(repository, path, changed):
    before = decided(repository)
    append(repository, path, "\n# changed\n")
    after = decided(repository)
    assert {key for key in after if after[key] != before[key]} == changed
    commit(repository, "Change it")
    try:
        assert decided(repository, revision(repository, "HEAD")) == after
    finally:
        git(repository, "reset", "--quiet", "--hard", "HEAD^")


def test_new_data_is_of_every_model(repository):
    before = decided(repository)
    write(repository, "data/table.csv", "1,2\n")
    after = decided(repository)
    assert all(after[key][0] != before[key][0] for key in after)


def test_what_acts_when_it_is_imported_is_of_every_model(repository):
    """Magpie does not import it, but the registry does, and it changes torch."""
    prepend(repository, f"{SOURCE}/onnx/features.py", "import acme_models.shared.near\n")
    before = decided(repository)
    append(repository, f"{SOURCE}/shared/near.py", "import torch\ntorch.manual_seed = None\n")
    after = decided(repository)
    assert all(after[key][0] != before[key][0] for key in after)


def test_a_model_that_imports_by_a_computed_name_has_all_code_of_the_repository(repository):
    prepend(repository, MODELING, "import importlib\nplugin = importlib.import_module(str(1))\n")
    before = decided(repository)
    append(repository, f"{SOURCE}/magpie/modeling_magpie.py", "\n# changed\n")
    after = decided(repository)
    assert after[HERON][0] != before[HERON][0]
    append(repository, "tests/onnx/test_onnx_v2.py", "\n# changed\n")
    assert decided(repository)[HERON][0] != after[HERON][0]
    assert decided(repository)[MAGPIE] == after[MAGPIE]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("def far():\n    import sys\n    sys.path.append('/opt')\n", "uses sys.path"),
        ("from importlib.util import spec_from_file_location as load\n", "may run code from anywhere"),
        ("import importlib.util\nload = importlib.util.spec_from_file_location\n", "may run code from anywhere"),
        ("from . import _fast\n", "imports acme_models.heron._fast, which git does not track"),
        ("from ._version import version\n", "imports acme_models.heron._version.version, which git does not track"),
        ("import acme_models.generated\n", "imports acme_models.generated, which git does not track"),
        ("from sys import path\n", "uses sys.path"),
    ],
)
def test_a_model_whose_code_may_lie_elsewhere_has_no_identity(repository, code, why):
    prepend(repository, MODELING, code)
    digest, said = decided(repository)[HERON]
    assert digest == ""
    assert why in said
    assert decided(repository)[MAGPIE][1] == ""


def test_a_file_that_cannot_be_read_leaves_no_model_an_identity(repository):
    append(repository, MODELING, "def broken(:\n")
    assert all("cannot be read" in why for _, why in decided(repository).values())


def test_a_file_that_git_ignores_gives_no_identity(repository):
    write(repository, ".gitignore", "_version.py\n*.so\n")
    write(repository, f"{SOURCE}/heron/_version.py", "version = 1\n")
    prepend(repository, MODELING, "from ._version import version\n")
    assert "_version" in decided(repository)[HERON][1]


def test_compiled_code_beside_a_model_gives_no_identity(repository):
    write(repository, ".gitignore", "*.so\n")
    write(repository, f"{SOURCE}/heron/modeling_heron.cpython-311-x86_64-linux-gnu.so", "")
    assert "compiled code" in decided(repository)[HERON][1]
    assert decided(repository)[MAGPIE][1] == ""


def test_a_link_gives_no_identity(repository, tmp_path):
    (tmp_path / "far.py").write_text("LIMIT = 2\n")
    (repository / SOURCE / "shared/far.py").unlink()
    (repository / SOURCE / "shared/far.py").symlink_to(tmp_path / "far.py")
    assert "no plain file" in decided(repository)[HERON][1]
    (repository / "weights").symlink_to(tmp_path)
    assert all("link or a submodule" in why for _, why in decided(repository).values())
