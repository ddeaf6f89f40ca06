"""What a command that `tool/apart.sh` runs is given and can say: real bash, real environment."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from support.repositories import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = (
    *("GITHUB_TOKEN", "GH_TOKEN", "HF_TOKEN", "SOME_OTHER_TOKEN", "INPUT_SOME-ACTION_TOKEN", "a b_TOKEN"),
    *("ACTIONS_RUNTIME_TOKEN", "ACTIONS_RUNTIME_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_CACHE_URL"),
    *("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"),
)


def apart(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {"PATH": os.environ["PATH"], **environment}
    script = str(ROOT / "tool" / "apart.sh")
    return subprocess.run([script, *command], env=given, capture_output=True, text=True, check=False)


def test_tokens_and_the_runners_files_do_not_pass_and_the_rest_does() -> None:
    multiline = "two\nGITHUB_TOKEN=lines"
    done = apart("env", "-0", **dict.fromkeys(SECRETS, "s"), GITHUB_SHA="abc", TOKENIZERS="kept", ODD=multiline)

    names = {entry.partition("=")[0].splitlines()[-1] for entry in done.stdout.split("\0") if "=" in entry}
    assert names.isdisjoint(SECRETS)
    assert {"PATH", "GITHUB_SHA", "TOKENIZERS", "ODD"} <= names


def test_where_the_environment_cannot_be_read_nothing_runs(tmp_path: Path) -> None:
    old = tmp_path / "env"
    old.write_text('#!/bin/sh\n[ "$1" != -0 ] || exit 1\nexec /usr/bin/env "$@"\n')
    old.chmod(0o755)
    done = apart("printenv", "GITHUB_TOKEN", PATH=f"{tmp_path}:{os.environ['PATH']}", GITHUB_TOKEN="secret")
    assert done.returncode == 1
    assert "secret" not in done.stdout
    assert "expected an `env` that takes -0" in done.stdout


@pytest.mark.parametrize("printed", ["::error::forged\n", "an open line", "::stop-commands::x\n", ""])
def test_what_it_prints_stands_between_a_token_nobody_knows(printed: str) -> None:
    done = apart("printf", "%s", printed)

    first, *between, last = done.stdout.splitlines()
    token = first.removeprefix("::stop-commands::")
    assert (len(token), last) == (32, f"::{token}::")
    assert printed.strip() in "\n".join(between)
    assert apart("true").stdout.splitlines()[0] != first


@pytest.mark.parametrize("code", [0, 1, 7])
def test_its_exit_code_is_ours(code: int) -> None:
    assert apart("bash", "-c", f"exit {code}").returncode == code


def test_its_arguments_arrive_as_they_are() -> None:
    assert apart("printf", "[%s]", "a b", "$(id)", "", "*").stdout.splitlines()[1] == "[a b][$(id)][][*]"


def test_both_streams_come_before_the_closing_token_and_in_order() -> None:
    done = apart("bash", "-c", "for i in {1..500}; do echo out $i; echo ::error::err $i >&2; done")

    assert done.stderr == ""
    first, *between, last = done.stdout.splitlines()
    assert last == f"::{first.removeprefix('::stop-commands::')}::"
    assert [line for line in between if line] == [
        line for i in range(1, 501) for line in (f"out {i}", f"::error::err {i}")
    ]


def test_a_process_that_is_left_behind_prints_nothing_after_the_closing_token(tmp_path: Path) -> None:
    late = "(trap '' HUP PIPE; sleep 2; echo ::add-mask::LATE; echo $? > ended) & echo begun"
    started = time.monotonic()
    process = subprocess.Popen(
        [str(ROOT / "tool" / "apart.sh"), "bash", "-c", late],
        env={"PATH": os.environ["PATH"], "APART_PATIENCE": "1"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.wait(timeout=10) == 0
    assert time.monotonic() - started < 2
    output, _ = process.communicate(timeout=10)  # until the last holder of our standard output is gone

    first, *between, last = output.splitlines()
    assert last == f"::{first.removeprefix('::stop-commands::')}::"
    assert between == ["begun", ""]
