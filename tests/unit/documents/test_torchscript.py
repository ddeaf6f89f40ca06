"""docs/torchscript.md shows commands that exist, and its tables are complete."""

from __future__ import annotations

import re

import pytest

from support.architectures import FIRST
from support.repositories import ROOT
from transformers_export.cli.arguments import parse as parse_tool
from transformers_export.onnx.features import FeaturesManager
from transformers_export.torchscript.command import parse

PAGE = (ROOT / "docs" / "torchscript.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"^ {4}python -m transformers_export\.torchscript (.*)$", re.MULTILINE)
ROW = re.compile(r"^\| `([\w-]+)` \| ([\w-]+) \| torchscript \| (.*?) \| ([^|]*) \| [\d.]+ \| \w+\+? \|$", re.MULTILINE)
PAIRS = sorted((model_type, feature) for model_type in FIRST for feature in FeaturesManager.features_of(model_type))


@pytest.mark.parametrize("name", ["torchscript-pairs.md", "torchscript-pairs-transformers-4.48.md"])
def test_every_pair_of_the_first_architectures_passed_with_a_difference_of_nothing(name: str) -> None:
    rows = ROW.findall((ROOT / "docs" / name).read_text(encoding="utf-8"))
    assert sorted((model_type, feature) for model_type, feature, _, _ in rows) == PAIRS, (
        "run python benchmarks/pairs.py --target torchscript --only with the model types that changed"
    )
    assert [row for row in rows if row[2] != "passed"] == []
    assert {difference for _, _, _, difference in rows} == {"0"}


@pytest.mark.parametrize("line", COMMAND.findall(PAGE) + COMMAND.findall(README))
def test_every_command_shown_is_one_the_parser_takes(line: str) -> None:
    assert parse(line.split()).source.model


def test_the_tool_s_own_command_leads_to_the_same_parser() -> None:
    (line,) = re.findall(r"^ {4}transformers-export (export torchscript .*)$", PAGE, flags=re.MULTILINE)
    options = parse_tool(line.split())
    assert parse(options.arguments[1:]).feature == "causal-lm-with-past"


_SWITCHES = (
    "--fixed",
    "--freeze",
    "--optimize-for-inference",
    "--allow-missing-weights",
    "--trust-remote-code",
    "--verbose",
)


def test_every_option_shown_exists() -> None:
    table = PAGE[PAGE.index("| option |") : PAGE.index("## As a library")]
    flags = re.findall(r"--[a-z][\w-]*", table)
    assert len(flags) == 15, flags
    for flag in flags:
        value = {"--tied-weights": ["cloned"], "--target": ["neuron"]}.get(flag, ["3"])
        switch = flag in _SWITCHES
        assert parse(["--model", "m", flag, *([] if switch else value), "out"])


def test_every_link_leads_somewhere() -> None:
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", PAGE)]
    assert targets
    assert [target for target in targets if not (ROOT / "docs" / target).exists()] == []
