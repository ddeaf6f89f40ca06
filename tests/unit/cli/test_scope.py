"""What is compared with what: flags, the environment of a hook, and what `prepare` wrote."""

from __future__ import annotations

import json

import pytest

from support.repositories import git
from transformers_export.cli.arguments import UsageError, parse
from transformers_export.cli.scope import Prepared, check_options, hook_scope, project_root, read_prepared
from transformers_export.inspection import Scope

ONE, TWO, THREE = "1" * 40, "2" * 40, "3" * 40


def scope_of(*arguments: str, root, monkeypatch, environ=None) -> Scope:
    monkeypatch.chdir(root)
    return check_options(parse(["check", *arguments]), environ or {}).scope


def test_without_a_word_the_working_tree_is_compared_with_head(example_repository, monkeypatch):
    assert scope_of(root=example_repository.root, monkeypatch=monkeypatch) == Scope(base="HEAD")


def test_named_files_alone_are_compared_with_nothing(example_repository, monkeypatch):
    root = example_repository.root
    named = (str(root / "src"),)
    assert scope_of("src", root=root, monkeypatch=monkeypatch) == Scope(base=None, named=named)
    assert scope_of("src", "--base", "main", root=root, monkeypatch=monkeypatch) == Scope(base="main", named=named)


def test_named_files_are_relative_to_where_the_caller_stands(example_repository, monkeypatch):
    scope = scope_of("acme_models", root=example_repository.root / "src", monkeypatch=monkeypatch)
    assert scope.named == (str(example_repository.root / "src" / "acme_models"),)


def test_the_root_is_found_from_below(example_repository):
    assert project_root(str(example_repository.root / "src" / "acme_models")) == str(example_repository.root)


def test_a_revision_alone_is_compared_with_the_one_before_it(example_repository, monkeypatch):
    scope = scope_of("--static", "--head", "complete", root=example_repository.root, monkeypatch=monkeypatch)
    assert scope == Scope(base="complete^", head="complete")


def test_what_prepare_wrote_is_what_is_compared(example_repository, monkeypatch, tmp_path):
    file = tmp_path / "changes.json"
    file.write_text(Prepared(ONE, TWO, THREE, "o/r", 5).encode())
    scope = scope_of("--changes", str(file), root=example_repository.root, monkeypatch=monkeypatch)
    assert scope == Scope(base=ONE, head=THREE, links_to=TWO)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"base": null}',
        json.dumps({"base": "--output=/x", "head": ONE, "merge": ONE, "repository": "o/r"}),
    ],
)
def test_another_content_is_refused(content, tmp_path):
    (tmp_path / "changes.json").write_text(content)
    with pytest.raises(UsageError, match="Expected"):
        read_prepared(str(tmp_path / "changes.json"))


def test_a_hook_on_commit_reads_the_index(example_repository):
    assert hook_scope(example_repository.root, {}, ("x",)) == Scope(staged=True, named=("x",))


def test_a_hook_on_push_compares_what_is_pushed_with_what_is_there(example_repository):
    there, pushed = example_repository.revisions["main"], example_repository.revisions["complete"]
    environ = {"PRE_COMMIT_FROM_REF": there, "PRE_COMMIT_TO_REF": pushed}
    assert hook_scope(example_repository.root, environ, ()) == Scope(base=there, head=pushed)


@pytest.mark.parametrize("there", ["0" * 40, "9" * 40, ""])
def test_a_first_push_is_compared_with_the_remotes_default_branch(example_repository, there):
    root, pushed = example_repository.root, example_repository.revisions["complete"]
    environ = {"PRE_COMMIT_FROM_REF": there, "PRE_COMMIT_TO_REF": pushed}
    assert hook_scope(root, environ, ()) == Scope(base=None, head=pushed)
    git(root, "update-ref", "refs/remotes/origin/main", example_repository.base)
    assert hook_scope(root, environ, ()) == Scope(base="origin/main", head=pushed)
