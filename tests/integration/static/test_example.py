"""The static check and the plan on the example's pull requests, a package of custom models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.static import check, edit
from transformers_export.cases.plan import make_plan
from transformers_export.source import tree

if TYPE_CHECKING:
    from support.repositories import Repository

REGISTRY = "src/acme_models/onnx/features.py"


@pytest.mark.parametrize(
    ("branch", "findings", "cases", "blocking"),
    [
        ("complete", [], 4, []),
        ("incomplete", [("new", "unregistered", "MagpieOnnxConfig")], 0, ["acme-magpie"]),
        ("unlisted", [("new", "no-matrix-entry", "acme-magpie")], 4, []),
        ("diverging", [], 3, []),
        ("no-case", [], 0, ["acme-plover"]),
    ],
)
def test_pull_requests(
    example_repository: Repository, branch: str, findings: list[object], cases: int, blocking: list[str]
) -> None:
    example_repository.checkout(branch)
    result = check(example_repository.root, "main")
    assert result.said == findings
    plan = make_plan(result.project, result.head, result.changes, base=result.base)
    assert len(plan.cases) == cases
    assert [item.what for item in plan.not_checked if item.blocking] == blocking
    assert all(case.provider.modules == ("acme_models", "acme_models.onnx.features") for case in plan.cases)


def test_a_revision_is_read_without_a_checkout(example_repository: Repository) -> None:
    root = example_repository.root
    here = check(root, "main").project
    there = here.base_snapshot(
        tree.revision(root, example_repository.revisions["complete"]), here.snapshot(tree.working_tree(root))
    )
    assert [entry.key for entry in there.registry.entries] == ["acme-heron", "acme-magpie"]


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        (REGISTRY, "acme_models.heron.HeronOnnxConfig", "acme_models.heron.HeroOnnxConfig", "registry-class-unknown"),
        (REGISTRY, '"acme-heron"', '"acme-hero"', "unreachable-key"),
        (REGISTRY, '    "default",', '    "default",\n    "causal-lm",', "no-auto-class"),
        (REGISTRY, '    "default",', '    "default",\n    "default-with-past",', "past-without-cache"),
    ],
)
def test_defects_in_a_package(example_repository: Repository, path: str, old: str, new: str, expected: str) -> None:
    edit(example_repository.root, path, old, new)
    result = check(example_repository.root)
    assert expected in {item.rule for item in result.findings if item.status == "new"}
