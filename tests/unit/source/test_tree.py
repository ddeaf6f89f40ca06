"""The three trees: the same repository as it is on disk, as it is staged, as it was committed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from support.repositories import commit, git
from support.static import repository, write
from transformers_export.source import tree
from transformers_export.source.git import Blobs, GitError, run

if TYPE_CHECKING:
    from collections.abc import Callable
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


@pytest.mark.parametrize("mark", ["--assume-unchanged", "--skip-worktree"])
def test_the_index_is_read_where_git_does_not_look_at_the_disk(root: Path, mark: str) -> None:
    git(root, "update-index", mark, "a.py")
    staged = tree.index(root)
    assert staged.read("a.py") == b"needle = 2\n"
    assert staged.search(["= 2"]) == ("a.py",)
    assert staged.search(["= 3"]) == ()


def test_the_index_has_what_is_gone_from_the_disk_and_not_what_is_only_announced(root: Path) -> None:
    (root / "sub/ü c.py").unlink()
    git(root, "add", "--intent-to-add", "b.py")
    staged = tree.index(root)
    assert staged.read("sub/ü c.py") == b"other\n"
    assert staged.search(["other"]) == ("sub/ü c.py",)
    assert staged.read("b.py") == b""


def test_a_file_in_conflict_is_in_no_index(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"a.py": "x = 1\n", "b.py": "y = 1\n"})
    git(root, "checkout", "--quiet", "-b", "other")
    write(root, {"a.py": "x = 2\n"})
    commit(root, "Two")
    git(root, "checkout", "--quiet", "main")
    write(root, {"a.py": "x = 3\n"})
    commit(root, "Three")
    with pytest.raises(RuntimeError, match="merge other failed"):
        git(root, "merge", "other")
    staged = tree.index(root)
    assert not staged.exists("a.py")
    assert staged.read("b.py") == b"y = 1\n"


@pytest.mark.parametrize("now", [tree.working_tree, tree.index])
def test_before_a_change_only_what_changed_is_read_from_git(
    tmp_path: Path, now: Callable[[Path], tree.Local], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path / "r", {"a.py": "x = 1\n", "sub/b.py": "y = 1\n", "gone.py": "z = 1\n"})
    (root / "link.py").symlink_to("a.py")
    (root / "folder").symlink_to("sub")
    head = commit(root, "Link")
    write(root, {"a.py": "x = 2\n", "new.py": "n = 1\n"})
    (root / "gone.py").unlink()
    git(root, "add", "--all")
    asked: list[str] = []
    read = Blobs.read
    monkeypatch.setattr(Blobs, "read", lambda blobs, name: asked.append(name) or read(blobs, name))
    before = tree.before(now(root), head, frozenset({"a.py", "new.py", "gone.py"}))
    assert before.read("sub/b.py") == b"y = 1\n"
    assert before.exists("sub/b.py")
    assert not before.exists("nowhere.py")
    assert asked == []
    assert before.read("a.py") == before.read("link.py") == b"x = 1\n"
    assert before.read("gone.py") == b"z = 1\n"
    assert before.read("folder/b.py") == b"y = 1\n"
    assert not before.exists("new.py")
    assert len(asked) == 5
    assert before.search(["x ="]) == before.search(["= 1"], "a.py") == ("a.py",)
    assert before.search(["n ="]) == ()
    assert before.paths() == ("a.py", "folder", "gone.py", "link.py", "sub/b.py")
