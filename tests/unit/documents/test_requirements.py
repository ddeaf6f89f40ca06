"""What the actions install is what pyproject.toml asks for, at the tested versions, every line with its hashes."""

from __future__ import annotations

import re

from packaging.requirements import Requirement

from support.repositories import ROOT

TEXT = (ROOT / "tool" / "requirements.txt").read_text(encoding="utf-8")
ENTRIES = re.findall(
    r"^([A-Za-z0-9_.-]+)==(\S+)(?: ; .*?)? \\\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n?)+)", TEXT, flags=re.M
)


def extras() -> dict[str, list[Requirement]]:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = {name: [Requirement(line) for line in its] for name, its in project["optional-dependencies"].items()}
    return {"": [Requirement(line) for line in project["dependencies"]], **optional}


def asked(extra: str, of: dict[str, list[Requirement]]) -> set[str]:
    names: set[str] = set()
    for requirement in of[extra]:
        if requirement.name == "transformers-export":
            names |= {name for inner in requirement.extras for name in asked(inner, of)}
        else:
            names.add(requirement.name.lower())
    return names


def test_every_line_is_a_version_with_hashes() -> None:
    requirements = [line for line in TEXT.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(ENTRIES) == len(requirements) > 10


def test_everything_the_actions_need_is_there() -> None:
    of = extras()
    assert asked("", of) | asked("action", of) <= {name for name, _, _ in ENTRIES}


def test_the_versions_are_the_tested_ones() -> None:
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pins = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", constraints, flags=re.MULTILINE))
    versions: dict[str, set[str]] = {}  # some have a second line, for Python 3.10
    for name, version, _ in ENTRIES:
        versions.setdefault(name, set()).add(version)
    assert {name: its for name, its in versions.items() if name in pins and pins[name] not in its} == {}
