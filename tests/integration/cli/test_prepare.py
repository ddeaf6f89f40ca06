"""`prepare` on real clones, shallow as actions/checkout makes them: never silently "nothing changed"."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from support.repositories import git
from transformers_export.cli import main


@pytest.fixture
def pull_request(example_repository):
    """The example as GitHub keeps it: main has moved on, the pull request `incomplete` is merged for the checkout."""
    root = example_repository.root
    head = example_repository.revisions["incomplete"]
    git(root, "checkout", "--quiet", "-B", "main", example_repository.base)
    (root / "NEWS.md").write_text("moved on\n")
    git(root, "add", "NEWS.md")
    git(root, "commit", "--quiet", "-m", "Move on")
    moved = git(root, "rev-parse", "HEAD").strip()
    git(root, "checkout", "--quiet", "-b", "merge", "main")
    git(root, "merge", "--quiet", "--no-ff", "-m", "Merge", head)
    merge = git(root, "rev-parse", "HEAD").strip()
    git(root, "update-ref", "refs/pull/7/merge", merge)
    git(root, "checkout", "--quiet", "main")
    git(root, "branch", "-D", "merge")
    return {"root": root, "old_base": example_repository.base, "base": moved, "head": head, "merge": merge}


def clone_of(pull, into: Path, ref: str, depth: int = 1) -> Path:
    """Clone as actions/checkout does: one ref, `depth` commits."""
    git_at = ["git", "-C", str(into)]
    into.mkdir()
    subprocess.run([*git_at, "init", "--quiet"], check=True)
    subprocess.run([*git_at, "remote", "add", "origin", f"file://{pull['root']}"], check=True)
    subprocess.run([*git_at, "fetch", "--quiet", f"--depth={depth}", "origin", ref], check=True)
    subprocess.run([*git_at, "checkout", "--quiet", "FETCH_HEAD"], check=True)
    return into


def prepare(pull, clone: Path, monkeypatch, *, sha: str, event: str = "pull_request", payload=None) -> dict | None:
    content = payload or {
        "pull_request": {
            "number": 7,
            "base": {"sha": pull["old_base"], "ref": "main", "repo": {"full_name": "o/r"}},
            "head": {"sha": pull["head"], "ref": "incomplete", "repo": {"full_name": "o/r"}},
        }
    }
    (clone.parent / "event.json").write_text(json.dumps(content))
    for name, value in {
        "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": str(clone.parent / "event.json"),
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_SHA": sha,
        "GITHUB_TOKEN": "secret-token",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(clone)
    file = clone.parent / "changes.json"
    arguments = ["prepare", "--changes", str(file), "--verdict", str(clone.parent / "verdict.json")]
    return json.loads(file.read_text()) if main(arguments) == 0 else None


def test_a_shallow_merge_commit_is_compared_with_its_first_parent(pull_request, tmp_path, monkeypatch, capsys):
    clone = clone_of(pull_request, tmp_path / "clone", "refs/pull/7/merge")
    prepared = prepare(pull_request, clone, monkeypatch, sha=pull_request["merge"])
    assert prepared == {
        "base": pull_request["base"],
        "head": pull_request["head"],
        "merge": pull_request["merge"],
        "repository": "o/r",
        "pull_request": 7,
    }
    capsys.readouterr()
    git(Path(pull_request["root"]), "config", "uploadpack.allowAnySHA1InWant", "false")
    (clone / ".git" / "config").write_text("[core]\n")  # from here on nothing can be fetched
    assert main(["check", "--static", "--changes", str(tmp_path / "changes.json")]) == 1
    found = capsys.readouterr().out
    assert "configuration_magpie.py:32:1 unregistered" in found
    assert "1 finding" in found


def test_a_shallow_checkout_of_the_head_is_deepened_to_the_common_ancestor(pull_request, tmp_path, monkeypatch):
    clone = clone_of(pull_request, tmp_path / "clone", pull_request["head"])
    prepared = prepare(pull_request, clone, monkeypatch, sha=pull_request["merge"])
    assert (prepared["base"], prepared["merge"]) == (pull_request["old_base"], pull_request["head"])
    assert git(clone, "merge-base", prepared["base"], prepared["merge"]).strip() == pull_request["old_base"]


def test_a_whole_clone_fetches_nothing(pull_request, tmp_path, monkeypatch):
    clone = clone_of(pull_request, tmp_path / "clone", "refs/pull/7/merge", depth=1000)
    git(clone, "remote", "set-url", "origin", "file:///nowhere")
    assert prepare(pull_request, clone, monkeypatch, sha=pull_request["merge"]) is not None


def test_a_base_that_cannot_be_fetched_is_an_error_and_no_empty_check(pull_request, tmp_path, monkeypatch, capsys):
    clone = clone_of(pull_request, tmp_path / "clone", "refs/pull/7/merge")
    git(clone, "remote", "set-url", "origin", "file:///nowhere")
    assert prepare(pull_request, clone, monkeypatch, sha=pull_request["merge"]) is None
    assert not (tmp_path / "changes.json").exists()
    assert "nowhere" in capsys.readouterr().err


def test_a_push_is_compared_with_what_was_there_before(pull_request, tmp_path, monkeypatch):
    clone = clone_of(pull_request, tmp_path / "clone", pull_request["base"])
    payload = {"before": pull_request["old_base"], "after": pull_request["base"]}
    prepared = prepare(pull_request, clone, monkeypatch, sha=pull_request["base"], event="push", payload=payload)
    assert (prepared["base"], prepared["head"]) == (pull_request["old_base"], pull_request["base"])


def payload_of(pull, head: str) -> dict:
    sides = {"base": {"sha": pull["old_base"], "ref": "main"}, "head": {"sha": head, "ref": "x"}}
    return {"pull_request": {"number": 7, **sides}}


@pytest.mark.parametrize("depth", [1, 1000])
def test_a_checkout_without_the_head_is_an_error_that_names_the_setting(
    pull_request, example_repository, tmp_path, monkeypatch, capsys, depth
):
    """`ref: main` on actions/checkout: the pull request would be green whatever it brings."""
    clone = clone_of(pull_request, tmp_path / "clone", "main", depth=depth)
    diverging = example_repository.revisions["diverging"]
    payload = payload_of(pull_request, diverging)
    assert prepare(pull_request, clone, monkeypatch, sha=pull_request["merge"], payload=payload) is None
    said = capsys.readouterr().err
    assert "`ref` of actions/checkout" in said
    assert diverging in said
    assert diverging in (tmp_path / "verdict.json").read_text(), "the report says it too"
    assert not (tmp_path / "changes.json").exists()


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("push", {"before": "BASE", "after": "HEAD"}),
        ("merge_group", {"merge_group": {"base_sha": "BASE", "head_sha": "HEAD"}}),
    ],
)
def test_every_event_about_a_commit_needs_that_commit(pull_request, tmp_path, monkeypatch, capsys, event, payload):
    clone = clone_of(pull_request, tmp_path / "clone", "main")
    text = json.dumps(payload).replace("BASE", pull_request["old_base"]).replace("HEAD", pull_request["head"])
    told = {"sha": pull_request["head"], "event": event, "payload": json.loads(text)}
    assert prepare(pull_request, clone, monkeypatch, **told) is None
    assert "`ref` of actions/checkout" in capsys.readouterr().err


def test_a_head_some_commits_below_a_shallow_checkout_is_found(pull_request, example_repository, tmp_path, monkeypatch):
    """A workflow that commits on top of the head before the check."""
    root = pull_request["root"]
    git(root, "checkout", "--quiet", "-b", "formatted", pull_request["head"])
    for number in range(3):
        (root / "NEWS.md").write_text(f"{number}\n")
        git(root, "add", "NEWS.md")
        git(root, "commit", "--quiet", "-m", "Format")
    clone = clone_of(pull_request, tmp_path / "clone", "formatted")
    prepared = prepare(pull_request, clone, monkeypatch, sha=pull_request["merge"])
    assert prepared["head"] == pull_request["head"]


def test_a_forced_push_whose_old_state_is_gone_checks_everything(pull_request, tmp_path, monkeypatch, capsys):
    clone = clone_of(pull_request, tmp_path / "clone", pull_request["base"])
    payload = {"before": "d" * 40, "after": pull_request["base"]}
    prepared = prepare(pull_request, clone, monkeypatch, sha=pull_request["base"], event="push", payload=payload)
    assert (prepared["base"], prepared["head"]) == (None, pull_request["base"])
    assert "not on the remote any more: checking everything" in capsys.readouterr().out


def test_a_push_whose_remote_does_not_answer_is_an_error(pull_request, tmp_path, monkeypatch, capsys):
    clone = clone_of(pull_request, tmp_path / "clone", pull_request["base"])
    git(clone, "remote", "set-url", "origin", "file:///nowhere")
    payload = {"before": "d" * 40, "after": pull_request["base"]}
    told = {"sha": pull_request["base"], "event": "push", "payload": payload}
    assert prepare(pull_request, clone, monkeypatch, **told) is None
    assert "nowhere" in capsys.readouterr().err


def test_a_new_branch_is_compared_with_nothing_and_everything_is_planned(pull_request, tmp_path, monkeypatch, capsys):
    clone = clone_of(pull_request, tmp_path / "clone", pull_request["base"])
    payload = {"before": "0" * 40, "after": pull_request["base"]}
    prepared = prepare(pull_request, clone, monkeypatch, sha=pull_request["base"], event="push", payload=payload)
    assert prepared["base"] is None
    capsys.readouterr()
    assert main(["plan", "--json", "--changes", str(tmp_path / "changes.json")]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert {case["model_type"] for case in plan["cases"]} == {"acme-heron"}


def test_the_token_is_not_left_behind_nor_given_as_an_argument(pull_request, tmp_path, monkeypatch):
    log = tmp_path / "git.log"
    clone = clone_of(pull_request, tmp_path / "clone", "refs/pull/7/merge")
    monkeypatch.setenv("GIT_TRACE", str(log))
    assert prepare(pull_request, clone, monkeypatch, sha=pull_request["merge"]) is not None
    assert "fetch" in log.read_text()
    everything = [log, *(path for path in (clone / ".git").rglob("*") if path.is_file()), tmp_path / "changes.json"]
    hidden = "eC1hY2Nlc3MtdG9rZW46"  # `x-access-token:` in base64
    assert not [p for p in everything if b"secret-token" in p.read_bytes() or hidden.encode() in p.read_bytes()]
    import os

    assert "GIT_CONFIG_COUNT" not in os.environ
