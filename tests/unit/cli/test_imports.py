"""What a command loads: `--help` nothing but its parser, a static check little more than reading Python takes.

What is named here was got rid of once. Each takes its share of the tenth of a second that a static check has; a limit
of seconds would depend on the machine.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.hooks import stage_branch

if TYPE_CHECKING:
    from pathlib import Path

    from support.repositories import Repository

OF_TENSORS = {"torch", "transformers", "onnx", "onnxruntime", "onnxscript", "numpy"}
OF_REPORTS = {"jinja2", "github", "actions_toolkit", "rich", "requests", "junitparser"}
OF_CASES = {"msgspec", "psutil", "platformdirs", "libcst"}
STANDARD = {
    *("dataclasses", "inspect", "dis", "tokenize", "pathlib", "urllib", "ipaddress", "json", "tempfile", "shutil"),
    *("zipfile", "importlib.metadata", "importlib.util", "logging", "difflib", "hashlib", "random", "traceback"),
    *("linecache", "decimal", "socket", "email", "asyncio", "unittest"),
}
PARSER = {
    "transformers_export",
    "transformers_export.cli",
    "transformers_export.cli.arguments",
    "transformers_export.closed_pipe",
}
CONFIGURATION = "src/acme_models/heron/configuration_heron.py"


def loaded(main: str, arguments: list[str], folder: Path | None = None) -> set[str]:
    """What a command has loaded when it ends, beyond what Python loads to start."""
    code = (
        f"import sys; before = set(sys.modules); from {main} import main\n"
        f"try: code = main({arguments!r})\nexcept SystemExit as end: code = end.code\n"
        "assert not code, code\nprint(); print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def heavy(modules: set[str], *kinds: set[str]) -> set[str]:
    named = set().union(*kinds)
    return {name for name in modules if name in named or name.partition(".")[0] in named}


@pytest.mark.parametrize("command", ["", "check", "plan", "prepare", "report", "comment", "scaffold"])
def test_help_loads_nothing_of_ours_but_the_parser(command: str) -> None:
    modules = loaded("transformers_export.cli", [*command.split(), "--help"])
    assert {name for name in modules if name.startswith("transformers_export")} == PARSER
    assert not heavy(modules, OF_TENSORS, OF_REPORTS, OF_CASES, STANDARD)


@pytest.mark.parametrize(
    ("main", "arguments"),
    [
        ("transformers_export.cli", ["export", "--help"]),
        ("transformers_export.cli", ["export", "torchscript", "--help"]),
        ("transformers_export.onnx.command", ["--help"]),
        ("transformers_export.torchscript.command", ["--help"]),
    ],
)
def test_help_of_the_exporters_loads_no_tensors(main: str, arguments: list[str]) -> None:
    assert not heavy(loaded(main, arguments), OF_TENSORS, OF_REPORTS, OF_CASES)


@pytest.mark.parametrize(
    "arguments",
    [["--base", "HEAD"], ["--hook"], ["--hook", CONFIGURATION], [CONFIGURATION], ["--all"]],
    ids=" ".join,
)
def test_a_static_check_loads_little_more_than_reading_python_takes(
    arguments: list[str], example_repository: Repository
) -> None:
    stage_branch(example_repository, "complete")
    modules = loaded("transformers_export.cli", ["check", "--static", *arguments], example_repository.root)
    assert "transformers_export.rules.catalog" in modules
    assert not heavy(modules, OF_TENSORS, OF_REPORTS, OF_CASES, STANDARD)
