"""What changed, asked of real git repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.repositories import commit, git, start
from support.static import write
from transformers_export.changes import (
    ChangedFile,
    ChangesError,
    from_git,
    from_index,
    from_paths,
    map_line,
    resolve,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    start(folder)
    write(folder, {"kept.py": "a\nb\nc\nd\ne\n", "gone.py": "x\n", "old name.py": "one\ntwo\nthree\nfour\n"})
    commit(folder, "Start")
    return folder


def test_every_way_a_file_can_change(root: Path) -> None:
    base = git(root, "rev-parse", "HEAD")
    git(root, "checkout", "--quiet", "-b", "work")
    write(root, {"kept.py": "a\n", "gone.py": None, "ünew.py": "n\n"})
    git(root, "mv", "old name.py", "new name.py")
    head = commit(root, "Change")
    write(root, {"untracked.py": "u\n", ".gitignore": "ignored.py\n", "ignored.py": "i\n"})
    committed = {
        ChangedFile("kept.py", "modified"),
        ChangedFile("gone.py", "deleted"),
        ChangedFile("ünew.py", "added"),
        ChangedFile("new name.py", "renamed", "old name.py"),
    }
    between = from_git(root, "main", "work")
    assert (between.base, between.head) == (base, head)
    assert set(between.files) == committed
    assert between.paths == {"kept.py", "gone.py", "ünew.py", "new name.py", "old name.py"}
    here = from_git(root, "main")
    assert set(here.files) == committed | {ChangedFile("untracked.py", "added"), ChangedFile(".gitignore", "added")}


def test_the_base_is_the_common_ancestor(root: Path) -> None:
    ancestor = git(root, "rev-parse", "HEAD")
    git(root, "checkout", "--quiet", "-b", "work")
    write(root, {"mine.py": "1\n"})
    commit(root, "Mine")
    git(root, "checkout", "--quiet", "main")
    write(root, {"theirs.py": "1\n"})
    commit(root, "Theirs")
    found = from_git(root, "main", "work")
    assert found.base == ancestor
    assert [file.path for file in found.files] == ["mine.py"]


def test_a_merge_commit_against_its_first_parent(root: Path) -> None:
    git(root, "checkout", "--quiet", "-b", "work")
    write(root, {"mine.py": "1\n"})
    commit(root, "Mine")
    git(root, "checkout", "--quiet", "main")
    write(root, {"theirs.py": "1\n"})
    theirs = commit(root, "Theirs")
    git(root, "merge", "--quiet", "--no-ff", "-m", "Merge", "work")
    found = from_git(root, "HEAD^1", "HEAD")
    assert found.base == theirs
    assert [file.path for file in found.files] == ["mine.py"]


def test_the_index_is_read_and_not_the_working_tree(root: Path) -> None:
    write(root, {"kept.py": "staged\n"})
    git(root, "add", "kept.py")
    write(root, {"kept.py": "unstaged\n", "gone.py": "edited\n", "untracked.py": "u\n"})
    found = from_index(root)
    assert found.files == (ChangedFile("kept.py", "modified"),)
    assert found.base == git(root, "rev-parse", "HEAD")
    assert found.head is None


def test_the_index_before_the_first_commit(tmp_path: Path) -> None:
    start(tmp_path / "fresh")
    write(tmp_path / "fresh", {"a.py": "1\n"})
    git(tmp_path / "fresh", "add", "a.py")
    found = from_index(tmp_path / "fresh")
    assert found.base is None
    assert found.files == (ChangedFile("a.py", "added"),)


def test_paths_below_a_root_that_is_not_the_repositorys(root: Path) -> None:
    write(root, {"sub/inner.py": "1\n", "sub/deep/more.py": "2\n"})
    commit(root, "Add a project inside")
    write(root, {"sub/inner.py": "2\n", "kept.py": "x\n"})
    assert [file.path for file in from_git(root / "sub", "HEAD").files] == ["inner.py"]
    named = from_paths(root / "sub", ["deep", root / "sub" / "inner.py"])
    assert [file.path for file in named.files] == ["deep/more.py", "inner.py"]
    assert named.base is None
    with pytest.raises(ChangesError, match="outside the project"):
        from_paths(root / "sub", ["../kept.py"])
    with pytest.raises(ChangesError, match="does not exist"):
        from_paths(root / "sub", ["nowhere.py"])


def test_errors_say_what_to_do(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ChangesError, match=r"'nowhere' is not in this repository.*git fetch origin nowhere"):
        from_git(root, "nowhere")
    (tmp_path / "plain").mkdir()
    with pytest.raises(ChangesError, match="not in a git repository"):
        from_git(tmp_path / "plain", "main")
    git(root, "checkout", "--quiet", "--orphan", "other")
    commit(root, "Another history")
    with pytest.raises(ChangesError, match="no common commit"):
        from_git(root, "main", "other")


def test_a_shallow_clone_without_the_base_is_never_nothing_changed(root: Path, tmp_path: Path) -> None:
    base = git(root, "rev-parse", "HEAD")
    write(root, {"kept.py": "1\n"})
    commit(root, "Change")
    git(tmp_path, "clone", "--quiet", "--depth", "1", root.as_uri(), "shallow")
    shallow = tmp_path / "shallow"
    with pytest.raises(ChangesError, match="git fetch --unshallow origin"):
        from_git(shallow, base)
    git(shallow, "fetch", "--quiet", "--depth", "1", "origin", base)
    with pytest.raises(ChangesError, match=r"no common commit.*shallow.*--unshallow"):
        from_git(shallow, base)
    git(shallow, "fetch", "--quiet", "--unshallow", "origin")
    assert [file.path for file in from_git(shallow, base).files] == ["kept.py"]


def test_a_revision_is_never_taken_for_an_option(root: Path) -> None:
    with pytest.raises(ChangesError, match="--output=stolen"):
        resolve(root, "--output=stolen")
    assert not (root / "stolen").exists()


@pytest.mark.parametrize(
    ("after", "mapping"),
    [
        ("new\na\nb\nc\nd\ne\n", {1: None, 2: 1, 6: 5}),
        ("b\nc\nd\ne\n", {1: 2, 4: 5}),
        ("a\nb\nC\nd\ne\n", {2: 2, 3: None, 4: 4}),
        ("a\nb\nc\nnew\nnew\nd\ne\n", {3: 3, 4: None, 6: 4, 7: 5}),
        ("a\ne\nnew\n", {1: 1, 2: 5, 3: None}),
    ],
)
def test_lines_are_mapped_between_revisions(root: Path, after: str, mapping: dict[int, int | None]) -> None:
    to_rev = git(root, "rev-parse", "HEAD")
    write(root, {"kept.py": after})
    from_rev = commit(root, "Change")
    found = {line: map_line(root, "kept.py", line, from_rev=from_rev, to_rev=to_rev) for line in mapping}
    assert found == mapping


def test_a_repository_without_any_commit_says_so(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "a.py").write_text("")
    with pytest.raises(ChangesError, match="has no commit yet") as caught:
        from_git(tmp_path, "HEAD")
    assert "git fetch" not in str(caught.value)
