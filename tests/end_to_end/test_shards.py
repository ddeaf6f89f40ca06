"""The commands of the README on many models as they stand there, then the same on one machine, from the cache.

`legacy`, as nothing depends on the exporter.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from support.repositories import ROOT, commit
from transformers_export.verdict.schema import decode, encode

if TYPE_CHECKING:
    from pathlib import Path

SECTION = re.compile(r"^### Many models\n(.*?)^### ", re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    section = SECTION.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert section
    return [line.split() for line in re.findall(r"^ {4}transformers-export (.*)$", section[1], flags=re.MULTILINE)]


def run(root: Path, *arguments: str, code: int = 0, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "transformers_export", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, env={**os.environ, **environ})
    assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture
def wrapped(tmp_path: Path) -> Path:
    """The tests' interpreter behind a script that writes down what it is started for."""
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/started\nexec {sys.executable} "$@"\n')
    script.chmod(0o755)
    return script


def test_shards_come_to_what_one_machine_would_have_found(example_repository, tmp_path, wrapped):
    root = example_repository.root
    (root / "shards").mkdir()
    (root / ".git/info/exclude").write_text("/shards/\n/*.json\n/report.*\n")  # else they are data of the repository
    plan, first, second, report = commands()
    assert "shard 1 of 1: 3 cases" in run(root, *plan, "--exporter", "legacy").stdout
    for command in (first, second):
        run(root, *command, "--exporter", "legacy", "--python", str(wrapped))
    parts = [decode((root / command[-1]).read_bytes()) for command in (first, second)]
    assert [len(part.cases) for part in parts] == [2, 1]
    assert [part.shard.number for part in parts] == [1, 2]

    run(root, *report, "--json", "merged.json")
    merged = decode((root / "merged.json").read_bytes())
    assert "### ✅ 3 of 3 exports verified" in (root / "report.md").read_text(encoding="utf-8")
    assert len(ElementTree.fromstring((root / "report.xml").read_bytes()).findall(".//testcase")) == 3
    assert json.loads((root / "report.sarif").read_bytes())["runs"][0]["results"] == []

    (tmp_path / "started").unlink()
    again = run(root, "check", "--all", "--exporter", "legacy", "--python", str(wrapped), "--json", "whole.json")
    whole = decode((root / "whole.json").read_bytes())
    assert "3 of 3 cases verified, 3 of them cached" in again.stdout
    assert replace(whole, isolation="") == replace(
        merged, isolation="", cases=tuple(replace(case, cached=True) for case in merged.cases)
    )
    started = (tmp_path / "started").read_text()
    assert " installed " in started
    assert " serve " not in started  # nothing heavy was imported

    spoilt(root, report, parts)
    changed(root, wrapped)


def spoilt(root: Path, report: list[str], parts) -> None:
    """A shard that is missing, unreadable, there twice, or of another commit."""
    (root / "shards/2.json").unlink()
    lost = run(root, *report, "--json", "merged.json", code=1)
    assert lost.stderr == ""
    merged = decode((root / "merged.json").read_bytes())
    assert merged.conclusion == "failure"
    assert [case.outcome for case in merged.cases].count("undecided") == 1
    assert "### ❌ 2 of 3 exports verified" in (root / "report.md").read_text(encoding="utf-8")
    assert "shard 2" in (root / "report.md").read_text(encoding="utf-8")

    (root / "shards/2.json").write_text("{")
    run(root, *report, code=1)
    assert "2.json" in (root / "report.md").read_text(encoding="utf-8")

    for other, said in ((parts[0], "here twice"), (replace(parts[1], head="c" * 40), "the head differs")):
        (root / "shards/2.json").write_bytes(encode(other))
        assert said in run(root, *report, code=2).stderr
        run(root, *report, "--if-missing", "no verdict", "--json", "merged.json", code=1)
        assert said in decode((root / "merged.json").read_bytes()).not_checked[0].why

    (root / "shards/1.json").unlink()
    (root / "shards/2.json").unlink()
    assert "No shard left a verdict" in run(root, *report, code=2).stderr
    run(root, "report", "nowhere", "--merge", "--markdown", "report.md", "--if-missing", "no verdict", code=1)


def changed(root: Path, python: Path) -> None:
    """One edit, one miss; what is not to be cached is not; and the earlier verdict stands beside."""
    model = root / "src/acme_models/heron/modeling_heron.py"
    model.write_text(model.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    commit(root, "Change the model")
    told = ("check", "--all", "--exporter", "legacy", "--python", str(python), "--json", "whole.json")
    static = run(root, *told, "--static", "--baseline", "merged.json")
    assert "cached" not in static.stdout
    edited = run(root, *told, "--baseline", "merged.json")
    assert "cached" not in edited.stdout
    assert decode((root / "whole.json").read_bytes()).baseline is not None
    assert "3 of them cached" in run(root, *told, "--baseline", "nowhere.json").stdout


def test_a_shard_of_another_plan_and_options_that_contradict_are_refused(example_repository):
    root = example_repository.root
    part = f"1/2:{'a' * 32}:0"
    assert "cut from plan" in run(root, "check", "--all", "--shard", part, code=2).stderr
    assert "Expected a part" in run(root, "check", "--shard", "3/2", code=2).stderr
    assert "--no-cache" in run(root, "check", "--no-cache", "--cache", "x", code=2).stderr
    assert "at most 256" in run(root, "plan", "--shards", "257", code=2).stderr
    out = run(root, "plan", "--base", "HEAD", "--shards", "20", "--json").stdout
    assert json.loads(out)["matrix"] == []
