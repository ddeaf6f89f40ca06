"""What reaches the runner: commands on standard output and the runner's files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.actions_runner import read_pairs
from transformers_export.github import commands
from transformers_export.github.annotation import Annotation

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_an_annotation_carries_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    commands.annotate([Annotation("error", "unregistered", "Fox has no entry.", "src/fox.py", 12, 7)])

    line = capsys.readouterr().out
    assert line.startswith("::error title=unregistered,file=src/fox.py,line=12,endLine=12,col=7,endColumn=7::")
    assert line.endswith("::Fox has no entry.\n")


def test_hostile_text_stays_one_command(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "x\n::set-output name=verdict::mine\r\n::error::forged"
    commands.annotate([Annotation("warning", f"a,b:{hostile}", hostile, f"p,line=1{hostile}", 1)])

    assert len(capsys.readouterr().out.splitlines()) == 1


def test_ten_of_a_level_are_all_written(capsys: pytest.CaptureFixture[str]) -> None:
    commands.annotate([Annotation("error", "t", str(number)) for number in range(10)])

    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition("::")[2] for line in lines] == [str(number) for number in range(10)]


def test_above_ten_the_tenth_counts_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    errors = [Annotation("error", "t", str(number)) for number in range(14)]
    commands.annotate([*errors, Annotation("notice", "t", "n")])

    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith("::error")]) == 10
    assert lines[9].endswith("::5 more are in the job summary.")
    assert lines[10].endswith("::n")


def test_outputs_are_read_back_whatever_they_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "output"
    file.touch()
    monkeypatch.setenv("GITHUB_OUTPUT", str(file))

    commands.set_outputs({"failed": 2, "empty": True, "report": "a=b\nfailed=0\nEOF"})

    assert read_pairs(file) == {"failed": "2", "empty": "true", "report": "a=b\nfailed=0\nEOF"}


def test_the_summary_is_appended_in_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "summary"
    environ = {"GITHUB_STEP_SUMMARY": str(file)}

    assert commands.write_summary("### ✅", environ)
    assert commands.write_summary("more\n", environ)
    assert file.read_bytes() == "### ✅\nmore\n".encode()


def test_outside_of_actions_there_is_no_summary() -> None:
    assert not commands.write_summary("text", {})
