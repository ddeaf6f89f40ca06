"""The static check and the plan on the example's pull requests, a package of custom models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.static import check, commit, edit
from transformers_export.cases.plan import make_plan
from transformers_export.source import tree

if TYPE_CHECKING:
    from support.repositories import Repository

REGISTRY = "src/acme_models/onnx/features.py"
MAGPIE = "src/acme_models/magpie/modeling_magpie.py"
HERON = "src/acme_models/heron/configuration_heron.py"
AGAIN = 'FeaturesManager.register("acme-heron", "default", onnx_config="acme_models.heron.HeronOnnxConfig")\n'
OURS, THEIRS = "from transformers_export.onnx import OnnxConfig", "from transformers.onnx import OnnxConfig"
OUTPUTS = """
    @property
    def outputs(self):
        return {"pooled": {0: "batch"}} if self.task == "default" else super().outputs
"""


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


@pytest.mark.parametrize("closed", [False, True])
def test_a_decoder_may_call_its_cache_as_transformers_5_24_does(example_repository: Repository, closed: bool) -> None:
    example_repository.checkout("complete")
    model = example_repository.root / MAGPIE
    written = model.read_text(encoding="utf-8").replace("past_key_values", "cache")
    model.write_text(
        written.replace("        **kwargs,\n    ) -> CausalLM", "    ) -> CausalLM") if closed else written
    )
    assert check(example_repository.root, "main").said == []
    model.write_text(
        written.replace("cache", "keys").replace("        **kwargs,\n    ) -> CausalLM", "    ) -> CausalLM")
    )
    said = [rule for _, rule, _ in check(example_repository.root, "main").said]
    assert "input-not-in-forward" in said


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
        (REGISTRY, '    "default",', '    "default",\n    "default",', "duplicate-feature"),
        (REGISTRY, '    "default",', '    "defaults",', "unknown-feature"),
        (REGISTRY, '    "masked-lm",\n', "", "missing-feature"),
        (REGISTRY, "FeaturesManager.register(", AGAIN + "FeaturesManager.register(", "duplicate-key"),
        (HERON, '("input_ids", axes), ', "", "required-input-missing"),
        (HERON, "axes = {", "axes = {} if self.use_past else {", "unknown-base-attribute"),
        (HERON, OURS, THEIRS, "removed-import"),
        (HERON, "\n\n__all__", OUTPUTS + "\n\n__all__", "output-not-in-model-output"),
    ],
)  # fmt: skip
def test_defects_in_a_package(example_repository: Repository, path: str, old: str, new: str, expected: str) -> None:
    edit(example_repository.root, path, old, new)
    result = check(example_repository.root)
    assert expected in {item.rule for item in result.findings if item.status == "new"}


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (REGISTRY, "FeaturesManager.register(", f"if True:\n    {AGAIN}FeaturesManager.register("),
        (HERON, '("input_ids", axes), ("attention_mask", axes)', '("attention_mask", axes), ("input_ids", axes)'),
        (HERON, '("attention_mask", axes)', '("attention_mask", axes), ("anything", axes)'),  # forward() takes **kwargs
        (HERON, "\n\n__all__", OUTPUTS.replace("pooled", "last_hidden_state") + "\n\n__all__"),
        (HERON, OURS, f"try:\n    {OURS}\nexcept ImportError:\n    {THEIRS}"),
    ],
)
def test_what_only_looks_like_a_defect(example_repository: Repository, path: str, old: str, new: str) -> None:
    edit(example_repository.root, path, old, new)
    result = check(example_repository.root)
    assert [item for item in result.findings if item.severity == "error"] == []
    assert result.not_checked == ()


def test_transformers_5_that_is_not_allowed(example_repository: Repository) -> None:
    root = example_repository.root
    edit(root, HERON, OURS, THEIRS)
    edit(root, "pyproject.toml", "transformers>=5", "transformers>=4.48,<5")
    assert check(root).said == []


def test_the_docs_list_that_the_settings_name(example_repository: Repository) -> None:
    root = example_repository.root
    settings = '\n[tool.transformers-export]\ndocs = "docs/models.md"\n'
    edit(root, "pyproject.toml", "\n[tool.hatch", f"{settings}\n[tool.hatch")
    (root / "docs").mkdir()
    (root / "docs" / "models.md").write_text("# Models\n\n| model | task |\n|---|---|\n| acme-heron | text |\n")
    commit(root, "Document the models")
    assert check(root, None).said == []
    edit(root, "docs/models.md", "| acme-heron |", "| heron |")
    assert check(root).said == []  # a page that names none of the models holds no list of them
    entry = AGAIN.replace("heron", "egret")
    edit(root, REGISTRY, "FeaturesManager.register(", f"{entry}FeaturesManager.register(")
    edit(root, "docs/models.md", "| heron |", "| acme-heron |")
    assert ("new", "docs-missing", "acme-egret") in check(root).said


PACKAGE = "src/acme_models/heron/__init__.py"
CLASS = "class HeronOnnxConfig(OnnxConfig):"
LAZY = """
_MODULES = {"HeronConfig": "configuration_heron", "HeronOnnxConfig": "configuration_heron"}


def __getattr__(name):
    return getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)
"""


def test_a_class_behind_a_lazy_package_is_not_called_unregistered(example_repository: Repository) -> None:
    """Which class the entry means cannot be looked up: that is said, and nothing is concluded from it."""
    root = example_repository.root
    (root / PACKAGE).write_text(LAZY, encoding="utf-8")
    edit(root, HERON, "hidden_size: int = 512", "hidden_size: int = 256")
    result = check(root)
    assert result.said == []
    assert "acme_models.heron.HeronOnnxConfig could not be looked up in this repository" in {
        item.why for item in result.not_checked
    }


@pytest.mark.parametrize("old", [CLASS, "__all__"])
def test_a_file_that_is_no_valid_python_hides_its_classes(example_repository: Repository, old: str) -> None:
    root = example_repository.root
    edit(root, HERON, f"\n{old}", f"\n<<<<<<< HEAD\n{old}")
    result = check(root)
    assert result.said == []
    assert any(item.blocking for item in result.not_checked)


def test_a_base_in_the_file_of_its_model_needs_no_entry(example_repository: Repository) -> None:
    root = example_repository.root
    base = "class AcmeTextOnnxConfig(OnnxConfig):\n    pass\n\n\n"
    edit(root, HERON, CLASS, base + CLASS.replace("(OnnxConfig)", "(AcmeTextOnnxConfig)"))
    assert check(root).said == []
    edit(root, HERON, "(AcmeTextOnnxConfig)", "(OnnxConfig)")
    assert check(root).said == [("new", "unregistered", "AcmeTextOnnxConfig")]
