"""The README says what the code does: inputs, outputs, hooks, settings, flags and links are held to their sources."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from support.repositories import ROOT
from transformers_export.cli.arguments import parse
from transformers_export.project import Settings

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "tests/README.md",
    "examples/README.md",
    "benchmarks/README.md",
)


def load(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("file", ["workflow.yml", "fork-check.yml", "fork-comment.yml"])
def test_a_workflow_to_paste_is_the_one_that_is_linted(file: str) -> None:
    assert (ROOT / "examples" / file).read_text(encoding="utf-8") in blocks("yaml")


@pytest.mark.parametrize(("heading", "action"), [("input", "action.yml"), ("input of `comment`", "comment/action.yml")])
def test_the_inputs_table_is_that_of_the_action(heading: str, action: str) -> None:
    (table,) = re.findall(rf"^\| {heading} \| default \|.*\n((?:\|.*\n)+)", README, flags=re.MULTILINE)
    rows = re.findall(r"^\| `([\w-]+)` \| (?:`([^`]*)`)? ?\| (.*) \|$", table, flags=re.MULTILINE)
    inputs = load(action)["inputs"]
    expected = [(name, its["default"], " ".join(its["description"].split())) for name, its in inputs.items()]
    assert rows == expected


@pytest.mark.parametrize(("begin", "action"), [("Outputs:", "action.yml"), ("Output:", "comment/action.yml")])
def test_the_outputs_are_those_of_the_action(begin: str, action: str) -> None:
    sentence = re.search(rf"^{begin} (.*?)\n\n", README, flags=re.MULTILINE | re.DOTALL)
    assert sentence
    assert set(re.findall(r"`([\w-]+)`", sentence[1])) == set(load(action)["outputs"])


def test_every_permission_of_the_two_workflows_has_its_reason() -> None:
    told = re.findall(r"^\| `([\w-]+: \w+)` \| (first|second) \| .+ \|$", README, flags=re.MULTILINE)
    files = {"first": "fork-check.yml", "second": "fork-comment.yml"}
    asked = [
        (f"{name}: {level}", which)
        for which, file in files.items()
        for job in load(f"examples/{file}")["jobs"].values()
        for name, level in job["permissions"].items()
    ]
    assert told == asked


ACTIONS = ("action.yml", "comment/action.yml")


def calls(script: str) -> list[list[str]]:
    """The commands of ours in a script, each as its name and its flags; an array is spelt out."""
    added = re.findall(r"arguments\+?=\(([^)]*)\)", script)
    whole = script.replace('"${arguments[@]}"', " ".join(added)).replace("\\\n", " ")
    found = re.findall(r'"\$TOOL" (\w+)(.*)', whole)
    return [[command, *re.findall(r"(?<!\S)--[\w-]+", rest)] for command, rest in found]


@pytest.mark.parametrize("path", ACTIONS)
def test_every_flag_an_action_passes_is_one_the_command_has(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    scripts = [step["run"] for step in load(path)["runs"]["steps"] if "run" in step]
    found = [call for script in scripts for call in calls(script)]
    assert found
    for command, *flags in found:
        with pytest.raises(SystemExit):
            parse([command, "--help"])
        has = set(re.findall(r"--[\w-]+", capsys.readouterr().out))
        assert set(flags) <= has, command


def test_the_hooks_to_paste_are_those_of_the_manifest() -> None:
    (pasted,) = [block for block in blocks("yaml") if block.startswith("repos:")]
    hooks = yaml.safe_load(pasted)["repos"][0]["hooks"]
    ids = {hook["id"] for hook in load(".pre-commit-hooks.yaml")}
    assert {hook["id"] for hook in hooks} <= ids
    assert set(re.findall(r"[\w-]*onnx[\w-]*", pasted)) == ids  # one stands in a comment, in place of another


def test_every_setting_named_exists() -> None:
    sentence = re.search(r"`\[tool\.transformers-export\]` of its pyproject\.toml: (.*?)\.\n", README, flags=re.DOTALL)
    assert sentence
    named = set(re.findall(r"`([\w-]+)`", sentence[1]))
    assert named <= {name.replace("_", "-") for name in Settings._fields}


@pytest.mark.parametrize("line", re.findall(r"^ {4}transformers-export (.*)$", README, flags=re.MULTILINE))
def test_every_command_shown_is_one_the_parser_takes(line: str) -> None:
    assert parse(line.partition("#")[0].split()).command


def test_the_hooks_entries_are_commands_the_parser_takes() -> None:
    for hook in load(".pre-commit-hooks.yaml"):
        program, *arguments = hook["entry"].split()
        assert program == "transformers-export"
        assert parse([*arguments, "some/file.py"]).hook


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_into_the_repository_leads_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)#]+)\)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text)
    local = [target for target in targets if "://" not in target]
    assert local or document != "README.md"
    missing = [target for target in local if not (ROOT / document).parent.joinpath(target).exists()]
    assert missing == []


def test_every_test_that_shows_a_claim_of_security_md_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)`", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    assert len(named) > 5
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_make_has_every_target_the_documents_name() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    named = {word for document in DOCUMENTS for word in re.findall(r"make ([a-z]+)", (ROOT / document).read_text())}
    assert {name for name in named if name in ("test", "lint", "demo", "pictures", "clean", "requirements")} <= targets


def test_the_tested_versions_are_the_pinned_ones() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    for package in ("torch", "transformers"):
        version = re.search(rf"^{package}==([\d.]+)", pins, flags=re.MULTILINE)
        assert version
        assert re.search(rf"^\| {package} \| {re.escape(version[1])}\b", README, flags=re.MULTILINE)
