"""Registries, matrices, `__all__` and Auto classes that are not written in one piece: read, or said not to be read.

A model that is added by a statement of its own is registered, tested and exported like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support import layouts
from support.defects.package import ENTRY, INIT, RESNET
from support.defects.transformers_4 import DEIT_ENTRY
from support.overlay import Edits, Ground
from support.repositories import MATRIX, REGISTRY

if TYPE_CHECKING:
    from support.repositories import Repository

DEIT = 'supported_features_mapping("default", "image-classification", onnx_config_cls="models.deit.DeiTOnnxConfig")'
TABLE, SET = "FeaturesManager._SUPPORTED_MODEL_TYPE", "PYTORCH_EXPORT_DEFAULT_MODELS"
TESTED = '    ("deit", "hf-internal-testing/tiny-random-deit"),\n'
PAIR = '("deit", "hf-internal-testing/tiny-random-deit")'
ALL = '__all__ = ["ResNetConfig", "ResNetOnnxConfig"]'
IMPORT = "from transformers_export.onnx import FeaturesManager\n"
AUTO = "AutoModel.register(ResNetConfig, ResNetModel)"


@pytest.fixture(scope="module")
def ground(transformers_4_repository: Repository) -> Ground:
    return Ground(transformers_4_repository.root, "main")


@pytest.fixture(scope="module")
def package(transformers_4_repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return Ground(layouts.package(tmp_path_factory.mktemp("parts") / "zoo", transformers_4_repository.root), "main")


def later(ground: Ground, path: str, piece: str, statement: str) -> dict[str, bytes | None]:
    """A file with a piece taken out of it and a statement put behind its end."""
    files = ground.edited({path: [(piece, "")]})
    return {path: (files[path] or b"") + f"\n\n{statement}\n".encode()}


REGISTERED = (
    f'{TABLE}["deit"] = {DEIT}',
    f'{TABLE}.update({{"deit": {DEIT}}})',
    f'{TABLE} |= {{"deit": {DEIT}}}',
)
LISTED = (f"{SET} |= {{{PAIR}}}", f"{SET}.add({PAIR})", f"{SET}.update([{PAIR}])", f"if True:\n    {SET}.add({PAIR})")


@pytest.mark.parametrize(
    ("path", "piece", "statement"),
    [(REGISTRY, DEIT_ENTRY, item) for item in REGISTERED] + [(MATRIX, TESTED, item) for item in LISTED],
)
def test_a_statement_may_register_or_test_a_model(ground: Ground, path: str, piece: str, statement: str) -> None:
    files = later(ground, path, piece, statement)
    result = ground.check(files)
    assert ([item for item in result.said if item[0] != "standing"], result.not_checked) == ([], ())
    assert ground.fix(files).files == {}


@pytest.mark.parametrize("rule", ["unregistered", "no-matrix-entry"])
def test_without_the_statement_it_is_missing(ground: Ground, rule: str) -> None:
    path, piece = (REGISTRY, DEIT_ENTRY) if rule == "unregistered" else (MATRIX, TESTED)
    assert rule in {item[1] for item in ground.check(later(ground, path, piece, "DONE = True")).said}


@pytest.mark.parametrize(
    ("path", "piece", "statement", "why"),
    [
        (REGISTRY, DEIT_ENTRY, f"{TABLE}.update(MORE)", "the registry is no dictionary literal"),
        (REGISTRY, "", f'for key in KEYS:\n    {TABLE}[key] = {DEIT}', "the registry is changed in an unknown way"),
        (REGISTRY, "", f'del {TABLE}["deit"]', "the registry is changed in an unknown way"),
        (MATRIX, TESTED, f"{SET} |= MORE", f"{SET} is computed"),
        (MATRIX, "", f"{SET}.discard({PAIR})", f"{SET} is changed in an unknown way"),
        (MATRIX, TESTED, f"for key in KEYS:\n    {SET}.add((key, key))", f"{SET} is changed in an unknown way"),
    ],
)  # fmt: skip
def test_what_a_statement_changes_in_another_way_is_not_read(
    ground: Ground, path: str, piece: str, statement: str, why: str
) -> None:
    result = ground.check(later(ground, path, piece, statement))
    assert [item for item in result.said if item[0] == "new"] == []
    assert why in {item.why for item in result.not_checked}


@pytest.mark.parametrize(
    "edits",
    [
        {RESNET: [(ALL, '__all__ = ["ResNetConfig"]\n__all__ += ["ResNetOnnxConfig"]')]},
        {RESNET: [(ALL, '__all__ = ["ResNetConfig"]\n__all__.append("ResNetOnnxConfig")')]},
        {RESNET: [(ALL, '__all__ = ["ResNetConfig"]\n__all__.extend(("ResNetOnnxConfig",))')]},
        {layouts.REGISTRY: [(ENTRY, f"register = FeaturesManager.register\n{ENTRY.replace('FeaturesManager.', '')}")]},
        {layouts.REGISTRY: [(IMPORT, ""), (ENTRY, "")]},
        {layouts.REGISTRY: [(ENTRY, "class Registered:\n" + "".join(f"    {row}\n" for row in ENTRY.splitlines()))]},
    ],
)  # fmt: skip
def test_a_package_may_register_and_export_in_its_own_way(package: Ground, edits: Edits) -> None:
    files = package.edited(edits)
    if files.get(layouts.REGISTRY) and IMPORT not in (files[layouts.REGISTRY] or b"").decode():
        rows = f"{IMPORT}{(files[layouts.REGISTRY] or b'').decode()}{ENTRY}".splitlines()
        files[layouts.REGISTRY] = ("def register():\n" + "\n".join(f"    {row}" for row in rows) + "\n").encode()
    result = package.check(files)
    assert (result.said, result.not_checked) == ([], ())
    assert package.fix(files).files == {}


@pytest.mark.parametrize(
    "code",
    [
        "for auto, model in ((AutoModel, ResNetModel),):\n    auto.register(ResNetConfig, model)",
        "def register(auto, model):\n    auto.register(ResNetConfig, model)\n\n\nregister(AutoModel, ResNetModel)",
    ],
)
def test_an_auto_class_that_a_variable_holds_is_not_read(package: Ground, code: str) -> None:
    result = package.check(package.edited({INIT: [(AUTO, code)]}))
    assert result.said == []
    assert [item.why for item in result.not_checked] == ["on which Auto class register is called"]
    gone = package.check(package.edited({INIT: [(AUTO, "")]}))
    assert ("new", "no-auto-class", "zoo-resnet/default") in gone.said


def test_features_in_a_list_that_grows_are_not_read(package: Ground) -> None:
    grown = 'FEATURES = ["default"]\nFEATURES += ["image-classification"]\n'
    call = 'FeaturesManager.register("zoo-resnet", *FEATURES, onnx_config="zoo.resnet.ResNetOnnxConfig")\n'
    result = package.check(package.edited({layouts.REGISTRY: [(ENTRY, grown + call)]}))
    assert result.said == []
    assert "a feature of zoo-resnet is computed" in {item.why for item in result.not_checked}
