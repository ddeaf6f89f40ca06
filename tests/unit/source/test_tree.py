"""The three trees: the same repository as it is on disk, as it is staged, as it was committed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from support.repositories import commit, git
from support.static import repository, write
from transformers_export.source import tree
from transformers_export.source.git import GitError, run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """a.py is 1 committed, 2 staged, 3 on disk; b.py is only on disk."""
    folder = repository(tmp_path / "r", {"a.py": "needle = 1\n", "sub/ü c.py": "other\n", ".gitignore": "ignored.py\n"})
    write(folder, {"a.py": "needle = 2\n"})
    git(folder, "add", "a.py")
    write(folder, {"a.py": "needle = 3\n", "b.py": "needle\n", "ignored.py": "needle\n"})
    return folder


def test_each_reads_its_own_state(root: Path) -> None:
    assert tree.revision(root, "HEAD").read("a.py") == b"needle = 1\n"
    assert tree.index(root).read("a.py") == b"needle = 2\n"
    assert tree.working_tree(root).read("a.py") == b"needle = 3\n"


def test_paths(root: Path) -> None:
    committed = (".gitignore", "a.py", "sub/ü c.py")
    assert tree.revision(root, "HEAD").paths() == committed
    assert tree.index(root).paths() == committed
    assert tree.working_tree(root).paths() == (".gitignore", "a.py", "b.py", "sub/ü c.py")
    (root / "a.py").unlink()
    assert tree.working_tree(root).paths() == (".gitignore", "b.py", "sub/ü c.py")


@pytest.mark.parametrize("path", ["nowhere.py", "sub", "a.py/x", "line\nbreak"])
def test_what_is_no_file_reads_as_none(root: Path, path: str) -> None:
    for each in (tree.working_tree(root), tree.index(root), tree.revision(root, "HEAD")):
        assert each.read(path) is None
        assert not each.exists(path)
        assert each.blob(path) is None


def test_reading_goes_on_after_a_missing_file(root: Path) -> None:
    committed = tree.revision(root, "HEAD")
    assert committed.read("nowhere.py") is None
    assert committed.read("sub/ü c.py") == b"other\n"


def test_search(root: Path) -> None:
    assert tree.revision(root, "HEAD").search(["needle", "absent"]) == ("a.py",)
    assert tree.revision(root, "HEAD").search(["needle", "other"], "sub/*.py") == ("sub/ü c.py",)
    assert tree.index(root).search(["= 2"]) == ("a.py",)
    assert tree.working_tree(root).search(["needle"], "*.py") == ("a.py", "b.py")
    assert tree.working_tree(root).search([]) == ()
    assert tree.working_tree(root, untracked=False).search(["needle"], "*.py") == ("a.py",)
    assert tree.working_tree(root, untracked=False).search(["= 3"]) == ("a.py",)  # as it is on disk


def test_blob_is_gits_own_name(root: Path) -> None:
    content = b"needle = 1\n"
    expected = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    assert tree.revision(root, "HEAD").blob("a.py") == expected
    write(root, {"a.py": content.decode()})
    assert tree.working_tree(root).blob("a.py") == expected


def test_a_root_below_the_repositorys(root: Path) -> None:
    for each in (tree.working_tree(root / "sub"), tree.index(root / "sub"), tree.revision(root / "sub", "HEAD")):
        assert each.read("ü c.py") == b"other\n"
        assert each.paths() == ("ü c.py",)
        assert each.search(["other"]) == ("ü c.py",)


def test_git_says_why_it_failed(root: Path) -> None:
    with pytest.raises(GitError, match="nowhere"):
        run(root, "ls-tree", "nowhere")


def test_links_are_read_through(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"sub/real.py": "x = 1\n"})
    links = {"link.py": "sub/real.py", "folder": "sub", "sub/up.py": "../link.py", "broken.py": "nowhere.py"}
    for path, target in {**links, "circle.py": "circle.py"}.items():
        (root / path).symlink_to(target)
    commit(root, "Link")
    for each in (tree.working_tree(root), tree.index(root), tree.revision(root, "HEAD")):
        for path in ("sub/real.py", "link.py", "folder/real.py", "sub/up.py"):
            assert each.read(path) == b"x = 1\n", (each.label, path)
        for path in ("broken.py", "circle.py", "folder"):
            assert not each.exists(path), (each.label, path)
            assert each.read(path) is None
        assert each.read("sub/real.py") == b"x = 1\n"


@pytest.mark.parametrize("attribute", ["-diff", "binary"])
def test_attributes_hide_nothing(tmp_path: Path, attribute: str) -> None:
    root = repository(tmp_path / "r", {"a.py": "needle\n", ".gitattributes": f"*.py {attribute}\n"})
    for each in (tree.working_tree(root), tree.index(root), tree.revision(root, "HEAD")):
        assert each.search(["needle"], "*.py") == ("a.py",)
