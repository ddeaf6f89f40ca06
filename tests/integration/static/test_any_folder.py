"""Whatever stands in any file of a package or a Hub folder, the check ends with findings or says what is not read.

JSON, TOML, Markdown and Python of real models; also what git and the disk can hold that is no file.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import layouts
from support.mutations import CHANGES, ENCODINGS, Change, changed
from support.overlay import Ground
from support.static import commit, git
from transformers_export.cli import main
from transformers_export.project import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from support.repositories import Repository

HUB = (
    "config.json",
    "tokenizer_config.json",
    "pyproject.toml",
    "configuration_distilbert.py",
    "modeling_distilbert.py",
)
PACKAGE = ("pyproject.toml", layouts.REGISTRY, layouts.MATRIX, layouts.DOCS, f"{layouts.ZOO}/__init__.py")
RESNET = f"{layouts.ZOO}/resnet/configuration_resnet.py"
CONTENTS: dict[str, bytes] = {
    "nothing": b"",
    "null bytes": b'{"auto_map": "a\0b"}',
    "no UTF-8": b'{"auto_map": "\xff"}  # \xff',
    "deep lists": b'{"auto_map": ' + b"[" * 100_000,
    "deep tables": b'{"auto_map":' * 5_000,
    "a huge number": b'{"auto_map": ' + b"9" * 10_000 + b"}",
    "surrogates": b'{"model_type": "\\ud800", "auto_map": {"AutoModel": "\\ud800.X", "\\ud800": ["a.b", "c.d"]}}',
    "surrogates in Python": b'import transformers_export.onnx as o\no.FeaturesManager.register("\\ud800", "\\ud800", '
    b'onnx_config="zoo.\\ud800.X")\nPYTORCH_EXPORT_MODELS = {("\\ud800", "x")}\n',
    "a pointer of git-lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n",
    "a list": b'{"model_type": 5, "auto_map": ["a.b", null]}',
    "other values": b'{"auto_map": {"AutoModel": {"a": [1]}, "AutoProcessor": [], "AutoX": "a--b--c.d", "": 3}}',
    "control characters": b'{"auto_map": {"AutoModel\\u001b[31m": "x\\n.Y"}}',
    "ten thousand lines": b"class A:\n    pass\n" * 5_000,
    "bare carriage returns": b"x = 1\r\r\ny = 2\r",
}


@pytest.fixture(scope="module")
def roots(transformers_4_repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, transformers = tmp_path_factory.mktemp("folders"), transformers_4_repository.root
    return {"hub": layouts.hub(folder / "hub", transformers), "zoo": layouts.package(folder / "zoo", transformers)}


@pytest.fixture(scope="module")
def grounds(roots: dict[str, Path]) -> dict[str, Ground]:
    return {name: Ground(root, "main") for name, root in roots.items()}


@settings(max_examples=50, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(
    where=st.sampled_from([("hub", path) for path in HUB] + [("zoo", path) for path in (*PACKAGE, RESNET)]),
    changes=CHANGES,
    encoding=ENCODINGS,
)
def test_any_change_to_any_file(
    grounds: dict[str, Ground], where: tuple[str, str], changes: list[Change], encoding: str
) -> None:
    ground, path = grounds[where[0]], where[1]
    content = changed((ground.tree.read(path) or b"").decode(), changes).encode(encoding, errors="replace")
    try:
        result = ground.check({path: content})
    except SettingsError as error:
        assert path == "pyproject.toml"
        said = str(error)
        assert "transformers-export" in said or "TOML" in said
        return
    for item in (*result.findings, *result.not_checked):
        str(item).encode()


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("layout", ["hub", "zoo"])
def test_strange_contents(
    roots: dict[str, Path], layout: str, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every file of the layout in turn, by the command itself; its output and its JSON can be written."""
    root = roots[layout]
    monkeypatch.chdir(root)
    for path in HUB if layout == "hub" else (*PACKAGE, RESNET):
        before = (root / path).read_bytes()
        (root / path).write_bytes(CONTENTS[name])
        code = main(["check", "--static", "--json", str(root.parent / "verdict.json")])
        (root / path).write_bytes(before)
        said = capsys.readouterr()
        assert code in (0, 1, 2), (path, said.err)
        assert "Traceback" not in said.err
        said.out.encode()
        if code != 2:
            json.loads((root.parent / "verdict.json").read_bytes())


def test_what_is_no_file(roots: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links to themselves, to nowhere, to a folder above, folders and other repositories in place of files."""
    root = tmp_path / "hub"
    git(tmp_path, "clone", "--quiet", str(roots["hub"]), str(root))
    inner = tmp_path / "inner"
    git(tmp_path, "init", "--quiet", str(inner))
    (inner / "a.txt").write_text("a", encoding="utf-8")
    commit(inner, "Start")
    monkeypatch.chdir(root)
    for path in ("config.json", "modeling_distilbert.py", "configuration_distilbert.py"):
        for target in (path, "nowhere", "..", None, str(inner)):
            file = root / path
            git(root, "checkout", "--quiet", "-f", "HEAD", "--", ".")
            file.unlink()
            if target is None:
                file.mkdir()
            elif target == str(inner):
                git(root, "clone", "--quiet", target, path)
            else:
                file.symlink_to(target)
            git(root, "add", "--all")
            for scope in (["--all"], ["--base", "HEAD"], ["--hook"]):
                assert main(["check", "--static", *scope]) in (0, 1, 2), (path, target, scope)
            git(root, "rm", "--quiet", "-r", "-f", "--cached", "--ignore-unmatch", path)
            if file.is_symlink():
                file.unlink()
            else:
                shutil.rmtree(file)
            git(root, "reset", "--quiet", "--hard")
