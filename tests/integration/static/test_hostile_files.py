"""Files whose names and contents are made to hurt whoever reads them: the static check of a pull request reads all."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from support.markdown import see, see_by_marked
from support.repositories import Repository, commit, git
from transformers_export.report.render import MARKER, Links, comment
from transformers_export.verdict.schema import decode

if TYPE_CHECKING:
    from pathlib import Path

ONNX_CONFIG = """
from transformers_export.onnx import OnnxConfig


class {name}OnnxConfig(OnnxConfig):
    @property
    def inputs(self):
        return {{"input_ids": {{0: "batch"}}}}
"""
NAMES = (
    "configuration_a|b`c`.py",
    "configuration_<img src=x onerror=alert(1)>.py",
    "configuration_@octocat #1 GH-1.py",
    "configuration_--><script>.py",
    "configuration_\n::error::forged\n.py",
    "configuration_\x1b[31mred\u202etxt.py",
    "configuration_" + "x" * 200 + ".py",
    "configuration_$(touch pwned).py",
    "configuration_%0A::set-output name=a::b.py",
    "--output=configuration_option.py",
    "configuration_\u00e9\U0001f917.py",
)


def check(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "transformers_export", "check", "--static", "--base", "main", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, errors="replace")


def verdict_of(root: Path, tmp_path: Path) -> tuple[dict[str, Any], str]:
    file = tmp_path / "verdict.json"
    done = check(root, "--json", str(file))
    assert done.returncode in (0, 1), done.stderr
    return json.loads(file.read_text(encoding="utf-8")), done.stdout


def test_hostile_file_names_are_found_shown_and_harmless(example_repository: Repository, tmp_path: Path) -> None:
    root = example_repository.root
    git(root, "checkout", "--quiet", "-b", "names", "main")
    for number, name in enumerate(NAMES):
        path = root / "src" / "acme_models" / "heron" / name
        path.write_text(ONNX_CONFIG.format(name=f"Odd{number}"), encoding="utf-8")
    commit(root, "Add odd names")

    verdict, printed = verdict_of(root, tmp_path)

    found = {finding["path"].rpartition("/")[2] for finding in verdict["findings"]}
    assert {name for name in NAMES if name.startswith("configuration_")} <= found
    assert not (root / "pwned").exists()
    assert not [line for line in printed.splitlines() if line.strip().startswith("::")]
    assert all(character.isprintable() or character == "\n" for character in printed)
    report = comment(
        decode((tmp_path / "verdict.json").read_bytes()), Links("https://github.com", "acme/models", "b" * 40)
    )
    for seen in (see(report), *see_by_marked([report])):
        assert not {"img", "script"} & set(seen.tags)
        assert seen.unbalanced == []
        assert [f"<!--{inner}-->" for inner in seen.comments] == [MARKER]
        assert "@octocat" not in seen.prose
        assert all(link.startswith("https://github.com/acme/models/") for link in seen.links)


HEAD = ONNX_CONFIG.format(name="Odd")


@pytest.mark.parametrize(
    "content",
    [
        b"\x00" * 1000,
        b"\xff\xfe\x00garbage",
        HEAD.encode() + b"\nx = '\x00'\n",
        HEAD.encode() + b"\nx = " + b"(" * 5000 + b")" * 5000,
        HEAD.encode() + b"\nx = " + b"[" * 100_000,
        HEAD.encode() + b"\nx = " + b"1 + " * 50_000 + b"1\n",
        HEAD.encode() + b"\nx = " + b"-" * 100_000 + b"1\n",
        HEAD.encode() + b"\nx = '" + b"a" * 10 * 2**20 + b"'\n",
        HEAD.encode() + b"\n" + b"class X(X): pass\n" * 2000,
        HEAD.replace("OddOnnxConfig", "Odd" + "x" * 100_000).encode(),
        b"# -*- coding: no-such-codec -*-\n" + HEAD.encode(),
        b"x = 9" + b"9" * 10_000 + b"\n" + HEAD.encode(),
    ],
    ids=[
        *("null bytes", "not UTF-8", "a null byte", "parentheses", "open brackets", "a long sum", "many signs"),
        *("ten megabytes", "its own base", "a long class name", "an unknown codec", "a long number"),
    ],
)
def test_hostile_contents_are_read_or_said_to_be_unreadable(
    example_repository: Repository, tmp_path: Path, content: bytes
) -> None:
    root = example_repository.root
    git(root, "checkout", "--quiet", "-b", "contents", "main")
    path = root / "src" / "acme_models" / "heron" / "configuration_odd.py"
    path.write_bytes(content)
    commit(root, "Add an odd file")

    verdict, _ = verdict_of(root, tmp_path)

    named = [finding["path"] for finding in verdict["findings"]] + [item["what"] for item in verdict["not_checked"]]
    assert any("configuration_odd.py" in name for name in named), verdict
