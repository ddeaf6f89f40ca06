"""How commands end: 0 good, 1 red, 2 misuse, 3 a bug in us, 130 interrupted; and what they say then."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from transformers_export.cli import BUG, INTERRUPTED, MISUSE, arguments, check, main
from transformers_export.verdict.schema import decode, encode
from transformers_export.verdict.types import Shard, Tool, Verdict


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "transformers_export", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["chekc"],
        ["check", "--jobs", "0"],
        ["check", "--exporter", "tf"],
        ["check", "--timeout", "-1"],
        ["check", "--atol", "nan"],
        ["check", "--atol", "inf"],
        ["check", "--atol", "1e999"],
        ["check", "--atol", "0"],
    ],
)
def test_a_wrong_command_line_is_misuse(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == MISUSE
    assert "usage: transformers-export" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "--head", "HEAD"], "add --static"),
        (["check", "--changes", "x", "--base", "y"], "--changes and --base"),
        (["check", "--hook", "--base", "y"], "--hook and --base"),
        (["check", "--static", "--changes", "nowhere.json"], "Expected what `prepare` wrote in nowhere.json"),
        (["check", "--static", "--base", "no-such-revision"], "no-such-revision"),
        (["check", "--static", "no-such-file.py"], "no-such-file.py"),
        (["check", "--memory-limit", "plenty"], "no amount of memory"),
        (["report", "nowhere.json", "--markdown", "out.md"], "Expected a verdict in nowhere.json"),
        (["report", "nowhere.json"], "Nothing to write"),
    ],
)
def test_what_cannot_be_done_is_misuse_in_one_line(arguments, said, capsys, example_repository, monkeypatch):
    monkeypatch.chdir(example_repository.root)
    assert main(arguments) == MISUSE
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert "Traceback" not in error


def test_outside_a_repository_is_misuse(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["check", "--static"]) == MISUSE
    assert "git repository" in capsys.readouterr().err


def test_unreadable_settings_are_misuse(example_repository, capsys, monkeypatch):
    monkeypatch.chdir(example_repository.root)
    with (example_repository.root / "pyproject.toml").open("a") as stream:
        stream.write("\n[tool.transformers-export]\nexportr = 'dynamo'\n")
    assert main(["check", "--static"]) == MISUSE
    assert "'exportr'" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["check", "--static", "--json"], ["plan", "--verdict"]])
def test_unreadable_settings_leave_a_red_verdict_that_says_so(command, example_repository, monkeypatch, tmp_path):
    monkeypatch.chdir(example_repository.root)
    with (example_repository.root / "pyproject.toml").open("a") as stream:
        stream.write("\n[tool.transformers-export]\nexportr = 'dynamo'\n")
    assert main([*command, str(tmp_path / "verdict.json")]) == MISUSE
    verdict = decode((tmp_path / "verdict.json").read_bytes())
    assert verdict.conclusion == "failure"
    (nothing,) = verdict.not_checked
    assert nothing.blocking
    assert "'exportr'" in nothing.why


def test_a_good_plan_leaves_no_verdict(example_repository, monkeypatch, tmp_path):
    monkeypatch.chdir(example_repository.root)
    assert main(["plan", "--verdict", str(tmp_path / "verdict.json")]) == 0
    assert not (tmp_path / "verdict.json").exists()


def test_an_interrupt_has_its_own_code(monkeypatch, capsys):
    def interrupt(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "run", interrupt)
    assert main(["check"]) == INTERRUPTED
    assert "Traceback" not in capsys.readouterr().err


def test_a_bug_shows_its_traceback_and_says_whose_it_is(monkeypatch, capsys):
    monkeypatch.setattr(check, "run", lambda options: 1 // 0)
    assert main(["check"]) == BUG
    error = capsys.readouterr().err
    assert "ZeroDivisionError" in error
    assert "a bug in transformers-export" in error


def test_the_verdict_is_not_written_where_there_is_no_folder(example_repository, capsys, monkeypatch):
    monkeypatch.chdir(example_repository.root)
    assert main(["check", "--static", "--json", "no/such/folder/verdict.json"]) == MISUSE
    assert "cannot be written" in capsys.readouterr().err


def test_the_version_is_said():
    assert run("--version").stdout.startswith("transformers-export 0.")


@pytest.mark.parametrize("command", ["check", "plan", "prepare", "report", "comment", "scaffold"])
def test_the_parser_of_one_command_is_that_of_all(command, capsys, monkeypatch):
    for columns in ("70", "140"):
        monkeypatch.setenv("COLUMNS", columns)
        said = []
        for parse in (arguments.parse, arguments._all_commands().parse_args):
            with pytest.raises(SystemExit) as ended:
                parse([command, "--help"])
            assert ended.value.code == 0
            said.append(capsys.readouterr().out)
        assert said[0] == said[1]


@pytest.mark.parametrize(
    ("missing", "arguments", "code", "extra"),
    [
        ("transformers", ["export", "--model", "bert-base-uncased", "out"], MISUSE, "onnx"),
        ("jinja2", ["report", "verdict.json", "--markdown", "out.md"], MISUSE, "report"),
        ("psutil", ["check", "--base", "main"], 1, "onnx"),
    ],
)
def test_a_missing_package_is_one_line_with_the_command(missing, arguments, code, extra, example_repository):
    example_repository.checkout("complete")
    block = f"import sys; sys.modules[{missing!r}] = None; from transformers_export.cli import main"
    command = [sys.executable, "-c", f"{block}; sys.exit(main({arguments!r}))"]
    done = subprocess.run(command, cwd=example_repository.root, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert said.count(f'-m pip install "transformers-export[{extra}]"') == 1
    assert missing in said
    assert "Traceback" not in said


def test_no_error_is_a_command_to_the_runner_or_the_terminal(tmp_path, capsys):
    shard = Shard(1, 2, "a" * 32, (), ())
    first = Verdict(Tool("t", "1"), "success", base="x\n::error::forged\x1b[2J", shard=shard)
    second = replace(first, base="y", shard=replace(shard, number=2))
    for name, verdict in {"1.json": first, "2.json": second}.items():
        (tmp_path / name).write_bytes(encode(verdict))
    assert main(["report", str(tmp_path), "--markdown", str(tmp_path / "out.md")]) == MISUSE
    said = capsys.readouterr().err
    assert "forged" in said
    assert "\x1b" not in said
    assert not [line for line in said.splitlines() if line.lstrip().startswith("::")]
