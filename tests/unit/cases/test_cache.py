"""Earlier results: only what passed is kept, only what shows it is believed, and no entry can break a check."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from support.case_runners import passes
from transformers_export.cases.cache import VARIABLE, Cache, default_folder
from transformers_export.cases.types import Case, Provider
from transformers_export.verdict.types import Before, CaseError

if TYPE_CHECKING:
    from pathlib import Path

CASE = Case("acme", "default", "onnx", "legacy", Provider("package"))
KEY = "0" * 64
PASSED = replace(passes(CASE), key=KEY, seconds=2.5)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "results")


def file(cache: Cache, key: str = KEY) -> Path:
    return cache.folder / f"{key}.json"


def spoil(cache: Cache, **changes: object) -> None:
    """Change the entry's result on disk."""
    entry = json.loads(file(cache).read_text())
    entry["result"].update(changes)
    file(cache).write_text(json.dumps(entry))


def test_what_passed_is_found_again_and_says_that_it_is_cached(cache):
    assert cache.find(CASE, KEY) is None
    assert cache.keep(replace(PASSED, before=Before("passed")), {"torch": "2.13.0"})
    entry = cache.find(CASE, KEY)
    assert entry.result == replace(PASSED, cached=True)
    assert entry.versions == {"torch": "2.13.0"}
    assert cache.find(CASE, "1" * 64) is None
    assert not cache.keep(entry.result, {})
    assert cache.warnings == []
    assert [path.name for path in cache.folder.iterdir()] == [f"{KEY}.json"]
    assert cache.seconds() == {CASE.id: 2.5}


@pytest.mark.parametrize(
    "change",
    [{"outcome": "failed"}, {"outcome": "undecided"}, {"outcome": "expected-failure"}, {"key": ""}, {"key": "../x"}],
)
def test_nothing_else_is_kept(cache, change):
    assert not cache.keep(replace(PASSED, **change), {})
    assert not cache.folder.exists()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"outcome": "failed"}, "no passed case"),
        ({"cause": "change"}, "no passed case"),
        ({"error": {"type": "E", "message": "m"}}, "no passed case"),
        ({"outcome": "splendid"}, "no result of this version"),
        ({"model_type": "other"}, "another case"),
        ({"feature": "other"}, "another case"),
        ({"exporter": "dynamo"}, "another exporter"),
        ({"checks": []}, "`values` among them"),
        ({"checks": [{"name": "values", "outcome": "failed"}]}, "failed"),
        ({"max_difference": None}, "largest difference"),
        ({"nodes": 10**400}, "`nodes`"),
        ({"nodes": 2**60}, "`nodes`"),
        ({"opset": None}, "the opset"),
    ],
)
def test_an_entry_that_does_not_show_a_pass_is_ignored_and_said(cache, changes, why):
    cache.keep(PASSED, {})
    spoil(cache, **changes)
    assert cache.find(CASE, KEY) is None
    assert len(cache.warnings) == 1
    assert why in cache.warnings[0]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null", b'{"format": 1}', b" " * 2**22])
def test_a_corrupt_entry_is_ignored_and_said(cache, content):
    cache.keep(PASSED, {})
    file(cache).write_bytes(content)
    assert cache.find(CASE, KEY) is None
    assert len(cache.warnings) == 1
    assert cache.seconds() == {}


def test_a_corrupt_entry_is_replaced_by_the_next_result(cache):
    cache.keep(PASSED, {})
    file(cache).write_bytes(b"{")
    assert cache.keep(PASSED, {})
    assert cache.find(CASE, KEY) is not None
    assert cache.warnings == []


def test_a_pipe_in_place_of_an_entry_holds_nobody_up(cache):
    cache.folder.mkdir()
    os.mkfifo(file(cache))
    assert cache.find(CASE, KEY) is None
    assert "it is no plain file" in cache.warnings[0]
    assert cache.seconds() == {}


def test_an_entry_under_another_name_is_ignored(cache):
    cache.keep(PASSED, {})
    file(cache).rename(file(cache, "1" * 64))
    assert cache.find(CASE, "1" * 64) is None
    assert "another case" in cache.warnings[0]


def test_a_link_is_ignored(cache, tmp_path):
    cache.keep(PASSED, {})
    file(cache).rename(tmp_path / "elsewhere.json")
    file(cache).symlink_to(tmp_path / "elsewhere.json")
    assert cache.find(CASE, KEY) is None
    assert "no plain file" in cache.warnings[0]


def test_a_directory_in_place_of_an_entry_is_ignored(cache):
    file(cache).mkdir(parents=True)
    assert cache.find(CASE, KEY) is None
    assert len(cache.warnings) == 1


def test_a_case_that_is_expected_to_fail_is_never_taken_from_there(cache):
    cache.keep(PASSED, {})
    assert cache.find(replace(CASE, expected_failure="known"), KEY) is None


def test_an_error_that_was_kept_by_somebody_is_not_shown_as_passed(cache):
    cache.keep(replace(PASSED, error=CaseError("E", "m")), {})
    assert cache.find(CASE, KEY) is None


def test_a_folder_that_cannot_be_written_is_a_warning(tmp_path):
    (tmp_path / "results").write_text("a file")
    cache = Cache(tmp_path / "results")
    assert not cache.keep(PASSED, {})
    assert len(cache.warnings) == 1
    assert cache.seconds() == {}


def test_what_was_not_used_for_longest_goes_first(cache):
    keys = [f"{number:064x}" for number in range(5)]
    for age, key in enumerate(keys):
        cache.keep(replace(PASSED, key=key), {})
        os.utime(file(cache, key), (1000 - age, 1000 - age))
    assert cache.find(CASE, keys[4]) is not None  # the oldest, used now
    cache.prune(most=2)
    assert {path.stem for path in cache.folder.glob("*.json")} == {keys[0], keys[4]}


def test_the_folder_is_the_users_own_unless_named(tmp_path):
    assert default_folder({VARIABLE: str(tmp_path)}) == tmp_path
    assert default_folder({}).parts[-2:] == ("transformers-export", "results")
