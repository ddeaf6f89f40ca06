"""Changes of code that a package's models really use: shared modules, packages, models under any file name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support import static
from support.static import check, edit, repository, write
from transformers_export.cases.plan import make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from transformers_export.cases.types import Plan

CONFIGURATION = """\
from transformers import PreTrainedConfig
from transformers_export.onnx import OnnxConfig


class {0}Config(PreTrainedConfig):
    model_type = "{1}"


class {0}OnnxConfig(OnnxConfig):
    pass
"""
PACKAGE = {
    "src/acme/__init__.py": "from transformers import AutoConfig, AutoModel\n\n"
    "from .a import AConfig, AModel\nfrom .b import BConfig, BModel\n\n"
    'AutoConfig.register("a", AConfig)\nAutoModel.register(AConfig, AModel)\n'
    'AutoConfig.register("b", BConfig)\nAutoModel.register(BConfig, BModel)\n',
    "src/acme/features.py": "from transformers_export.onnx import FeaturesManager\n\n"
    'FeaturesManager.register("a", "default", onnx_config="acme.a.AOnnxConfig")\n'
    'FeaturesManager.register("b", "default", onnx_config="acme.b.BOnnxConfig")\n',
    "src/acme/a/__init__.py": "from .configuration_a import AConfig, AOnnxConfig\nfrom .network import AModel\n",
    "src/acme/a/configuration_a.py": CONFIGURATION.format("A", "a"),
    "src/acme/a/network.py": "from acme.shared import Block\n\n\nclass AModel(Block):\n    pass\n",
    "src/acme/b/__init__.py": "from .configuration_b import BConfig, BOnnxConfig\nfrom .modeling_b import BModel\n",
    "src/acme/b/configuration_b.py": CONFIGURATION.format("B", "b"),
    "src/acme/b/modeling_b.py": "class BModel:\n    def forward(self):\n"
    "        from ..deep import f\n\n        return f()\n",
    "src/acme/shared/__init__.py": "from .block import Block\nfrom .other import Other\n",
    "src/acme/shared/block.py": "class Block:\n    pass\n",
    "src/acme/shared/other.py": "class Other:\n    pass\n",
    "src/acme/deep.py": "def f():\n    return 1\n",
    "src/acme/unused.py": "x = 1\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repository(tmp_path / "acme", PACKAGE)


def plan(root: Path) -> Plan:
    result = check(root)
    return make_plan(result.project, result.head, result.changes, base=result.base)


def why(root: Path) -> dict[str, str]:
    return {item.model_type: item.why for item in plan(root).affected}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/acme/a/network.py", {"a": "its code changed"}),
        ("src/acme/shared/block.py", {"a": "imported by src/acme/a/network.py"}),
        ("src/acme/deep.py", {"b": "imported by src/acme/b/modeling_b.py"}),
        ("src/acme/shared/other.py", {}),
        ("src/acme/unused.py", {}),
    ],
)
@pytest.mark.parametrize("deleted", [False, True])
def test_code_affects_who_imports_it(root: Path, path: str, expected: dict[str, str], *, deleted: bool) -> None:
    write(root, {path: None if deleted else f"{PACKAGE[path]}y = 2\n"})
    assert why(root) == expected


@pytest.mark.parametrize("path", ["src/acme/b/modeling_b.py", "src/acme/b/configuration_b.py"])
def test_a_deleted_or_renamed_file_of_a_model(root: Path, path: str) -> None:
    write(root, {path: None})
    assert set(why(root)) == {"b"}
    write(root, {path.replace("_b.py", "_c.py"): PACKAGE[path]})
    static.git(root, "add", "--all")
    assert set(why(root)) == {"b"}


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("src/acme/__init__.py", "import torch\ntorch.use_deterministic_algorithms(True)\n", {"a", "b"}),
        ("src/acme/features.py", "patch()\n", {"a", "b"}),
        ("src/acme/a/__init__.py", "AModel.scale = 2\n", {"a"}),
        ("src/acme/shared/__init__.py", "Block.scale = 2\n", {"a"}),
        ("src/acme/__init__.py", "# only said\n", set()),
    ],
)
def test_packages_and_registries_outside_their_entries(root: Path, path: str, text: str, expected: set[str]) -> None:
    with (root / path).open("a", encoding="utf-8") as file:
        file.write(text)
    found = why(root)
    assert set(found) == expected
    assert set(found.values()) <= {f"{path} changed outside its entries"}


def test_a_name_that_a_package_takes_from_elsewhere(root: Path) -> None:
    edit(root, "src/acme/shared/__init__.py", "from .block import Block", "from .other import Other as Block")
    assert set(why(root)) == {"a"}


def test_another_class_registered_for_a_model(root: Path) -> None:
    edit(root, "src/acme/__init__.py", "AutoModel.register(AConfig, AModel)", "AutoModel.register(AConfig, BModel)")
    assert why(root) == {"a": "what src/acme/__init__.py registers for it changed"}


def test_a_model_that_is_added_affects_no_other(root: Path) -> None:
    new = {
        path.replace("/b/", "/c/").replace("_b.py", "_c.py"): text for path, text in PACKAGE.items() if "/b/" in path
    }
    renamed = {path: text.replace("B", "C").replace("_b", "_c").replace('"b"', '"c"') for path, text in new.items()}
    write(root, renamed)
    with (root / "src/acme/__init__.py").open("a", encoding="utf-8") as file:
        file.write(
            'from .c import CConfig, CModel\nAutoConfig.register("c", CConfig)\nAutoModel.register(CConfig, CModel)\n'
        )
    with (root / "src/acme/features.py").open("a", encoding="utf-8") as file:
        file.write('FeaturesManager.register("c", "default", onnx_config="acme.c.COnnxConfig")\n')
    assert set(why(root)) == {"c"}


def test_registrations_in_a_loop_count_for_every_model(tmp_path: Path) -> None:
    init = PACKAGE["src/acme/__init__.py"].partition("AutoConfig.register")[0]
    loop = "for config, model in [(AConfig, AModel), (BConfig, BModel)]:\n    AutoModel.register(config, model)\n"
    root = repository(tmp_path / "loop", {**PACKAGE, "src/acme/__init__.py": init + loop})
    write(root, {"src/acme/shared/block.py": "class Block:\n    x = 1\n"})
    assert set(why(root)) >= {"a"}


def test_a_changed_submodule_is_said(root: Path, tmp_path: Path) -> None:
    other = repository(tmp_path / "other", {"a.py": ""})
    commit = static.git(other, "rev-parse", "HEAD")
    static.git(root, "update-index", "--add", "--cacheinfo", f"160000,{commit},src/acme/vendor")
    static.git(root, "commit", "--quiet", "--message", "Vendor")
    (root / "src/acme/vendor").mkdir()
    result = check(root, "HEAD~1")
    found = make_plan(result.project, result.head, result.changes, base=result.base)
    assert [(item.what, item.why.partition(":")[0]) for item in found.not_checked] == [
        ("src/acme/vendor", "a submodule changed")
    ]
