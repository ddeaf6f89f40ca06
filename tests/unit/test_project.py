"""Settings and layouts, read from real trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.static import MATRIX, REGISTRY, repository, write
from transformers_export.project import (
    Project,
    Settings,
    SettingsError,
    decode_settings,
    open_project,
    parse_memory,
    read_settings,
)
from transformers_export.source import tree

if TYPE_CHECKING:
    from pathlib import Path


def opened(root: Path) -> Project:
    return open_project(root, tree.working_tree(root))


PACKAGE = {
    "src/acme/__init__.py": "from transformers import AutoConfig\nAutoConfig.register('a', AConfig)\n",
    "src/acme/export.py": (
        "from transformers_export.onnx import FeaturesManager\n"
        "FeaturesManager.register('a', 'default', onnx_config='acme.a.AOnnxConfig')\n"
    ),
    "src/acme/other.py": "# says FeaturesManager and Auto\nplugins.register('x')\n",
    "tests/test_it.py": (
        "from transformers_export.onnx import FeaturesManager\n"
        "FeaturesManager.register('t', 'default', onnx_config='t.T')\n"
    ),
}


def test_transformers_4(tmp_path: Path) -> None:
    project = opened(repository(tmp_path / "r"))
    assert (project.layout, project.registry, project.matrix) == ("transformers-4", REGISTRY, MATRIX)


def test_transformers_5(tmp_path: Path) -> None:
    project = opened(repository(tmp_path / "r", {"src/transformers/__init__.py": ""}))
    assert (project.layout, project.registry, project.matrix) == ("transformers-5", None, None)


def test_package(tmp_path: Path) -> None:
    project = opened(repository(tmp_path / "r", PACKAGE))
    assert project.layout == "package"
    assert project.registries == ("src/acme/export.py",)
    assert project.auto_registrations == ("src/acme/__init__.py",)


def test_remote_code(tmp_path: Path) -> None:
    project = opened(repository(tmp_path / "r", {"config.json": '{"auto_map": {"AutoConfig": "configuration_a.A"}}'}))
    assert project.layout == "remote-code"


def test_nothing_known(tmp_path: Path) -> None:
    project = opened(repository(tmp_path / "r", {"config.json": "{}", "a.py": "1\n"}))
    assert (project.layout, project.registry) == ("none", None)


def test_an_older_place_of_the_matrix(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"a.py": "", "tests/test_onnx_v2.py": ""})
    assert opened(root).matrix == "tests/test_onnx_v2.py"


def test_settings_win_over_what_is_found(tmp_path: Path) -> None:
    settings = '[tool.transformers-export]\nregistry = "src/acme/other.py"\nconfigurations = ["conf/*.py"]\n'
    root = repository(tmp_path / "r", {**PACKAGE, "pyproject.toml": settings})
    project = opened(root)
    assert project.registries == ("src/acme/other.py",)
    assert project.patterns == ("conf/*.py",)


def test_settings_are_read_from_the_tree_that_is_checked(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"pyproject.toml": "[tool.transformers-export]\nopset = 17\n"})
    write(root, {"pyproject.toml": "[tool.transformers-export]\nopset = 18\n"})
    assert read_settings(tree.working_tree(root)).opset == 18
    assert read_settings(tree.index(root)).opset == 17
    assert read_settings(tree.revision(root, "HEAD")).opset == 17


def test_every_key() -> None:
    settings = decode_settings(
        {
            "configurations": ["a/*.py"],
            "registry": "r.py",
            "matrix": "m.py",
            "docs": "d.md",
            "python": ".venv/bin/python",
            "install": "pip install -e .",
            "targets": ["onnx", "torchscript"],
            "exporter": "both",
            "opset": 18,
            "atol": 1e-4,
            "timeout": 60,
            "memory-limit": "4GiB",
            "jobs": 2,
            "expected-failures": {"a/default": "upstream"},
            "ignore": {"unregistered:X": "unfinished"},
        }
    )
    assert settings == Settings(
        configurations=("a/*.py",),
        registry="r.py",
        matrix="m.py",
        docs="d.md",
        python=".venv/bin/python",
        install="pip install -e .",
        targets=("onnx", "torchscript"),
        exporter="both",
        opset=18,
        atol=1e-4,
        timeout=60,
        memory_limit="4GiB",
        jobs=2,
        expected_failures={"a/default": "upstream"},
        ignore={"unregistered:X": "unfinished"},
    )
    assert settings.memory_bytes == 4 * 2**30


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"exporters": "dynamo"}, r"unknown key 'exporters'. Valid keys: atol, cache, configurations, .*memory-limit"),
        ({"memory_limit": 1}, "unknown key 'memory_limit'"),
        ({"exporter": "fast"}, "exporter"),
        ({"opset": "18"}, r"Expected `int.*opset"),
        ({"timeout": 0}, "timeout = 0: expected a number above zero"),
        ({"timeout": float("inf")}, "timeout = inf: expected a number above zero and at most 1e\\+06"),
        ({"atol": float("nan")}, "atol = nan: expected a number above zero"),
        ({"atol": float("inf")}, "atol = inf: expected a number above zero"),
        ({"atol": -1e-3}, "atol = -0.001: expected a number above zero"),
        ({"memory-limit": 10**400}, "memory-limit = an enormous number"),
        ({"memory-limit": "much"}, "'much' is no amount of memory"),
        ({"ignore": {"unregistered": " "}}, "has no reason"),
        ({"targets": []}, "targets is empty: expected"),
        ({"targets": ["tflite"]}, "targets"),
        ([], "must be a table"),
    ],
)
def test_wrong_settings_say_what_is_right(table: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        decode_settings(table)


def test_a_file_that_settings_name_must_exist(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"pyproject.toml": '[tool.transformers-export]\nmatrix = "nowhere.py"\n'})
    with pytest.raises(SettingsError, match=r"matrix = 'nowhere.py': no such file in the working tree"):
        opened(root)


@pytest.mark.parametrize(
    "text",
    [
        "[tool.transformers-export\n",
        f"[tool.transformers-export]\nx = {'[' * 5000}",
        f"[tool.transformers-export]\nopset = {'9' * 5000}",
    ],
)
def test_invalid_toml(tmp_path: Path, text: str) -> None:
    root = repository(tmp_path / "r", {"pyproject.toml": text})
    with pytest.raises(SettingsError, match="no valid TOML"):
        opened(root)


@pytest.mark.parametrize(
    ("written", "size"), [("8GiB", 2**33), ("500 MB", 500_000_000), ("1024", 1024), ("1.5KB", 1500)]
)
def test_memory(written: str, size: int) -> None:
    assert parse_memory(written) == size


@pytest.mark.parametrize("written", ["", "-1", "GiB", "inf", "nan", "1e999GB", "1e20"])
def test_no_memory(written: str) -> None:
    with pytest.raises(SettingsError):
        parse_memory(written)


def test_a_base_is_read_with_the_settings_of_the_head(tmp_path: Path) -> None:
    broken = '[tool.transformers-export]\nregistry = "nowhere.py"\nunknown = 1\n'
    root = repository(tmp_path / "r", {**PACKAGE, "pyproject.toml": broken})
    write(root, {"pyproject.toml": "", "src/acme/export.py": None})
    project = opened(root)
    assert (project.layout, project.registries) == ("none", ())
    head = project.snapshot(tree.working_tree(root))
    base = project.base_snapshot(tree.revision(root, "HEAD"), head)
    assert (base.layout, base.registries) == ("package", ("src/acme/export.py",))
    assert base.registry.entry("a") is not None


def test_numbers_that_only_toml_has(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"pyproject.toml": "[tool.transformers-export]\natol = inf\n"})
    with pytest.raises(SettingsError, match="atol = inf"):
        opened(root)
