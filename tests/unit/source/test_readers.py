"""The readers on the forms that occur: what they read, and that the rest is reported as not read."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from support.repositories import ROOT
from support.static import repository
from transformers_export.onnx.features import FeaturesManager
from transformers_export.source import matrix, modeling, package, python, registry
from transformers_export.source.snapshot import Layout, Snapshot
from transformers_export.source.tree import working_tree

if TYPE_CHECKING:
    from pathlib import Path


def snapshot(tmp_path: Path, files: dict[str, str], layout: Layout = "package") -> Snapshot:
    root = repository(tmp_path / "r", files)
    return Snapshot(working_tree(root), layout, patterns=("*configuration_*.py",))


def read_registry(tmp_path: Path, text: str) -> registry.Registry:
    files = {"src/transformers/__init__.py": "", "src/transformers/onnx/__init__.py": ""}
    files["src/transformers/onnx/features.py"] = text
    return registry.read(snapshot(tmp_path, files), ["src/transformers/onnx/features.py"])


@pytest.mark.parametrize(
    "text",
    [
        # 4.13 and later
        'class F:\n    _SUPPORTED_MODEL_TYPE = {"alpha": supported_features_mapping("default", "causal-lm", '
        'onnx_config_cls="models.alpha.AlphaOnnxConfig")}\n',
        # annotated, with the features in a name
        'NAMES = ("default", "causal-lm")\n'
        'class F:\n    _SUPPORTED_MODEL_TYPE: dict = {"alpha": supported_features_mapping(*NAMES, '
        'onnx_config_cls="models.alpha.AlphaOnnxConfig")}\n',
        # 4.12: classes in place of strings
        "from ..models.alpha import AlphaOnnxConfig\n"
        'class F:\n    _SUPPORTED_MODEL_KIND = {"alpha": supported_features_mapping("default", "causal-lm", '
        "onnx_config_cls=AlphaOnnxConfig)}\n",
        # 4.9: plain dictionaries
        "from transformers.models.alpha import AlphaOnnxConfig\n"
        'SUPPORTED_MODEL_KIND = {"alpha": {"default": AlphaOnnxConfig.default, "causal-lm": AlphaOnnxConfig.lm}}\n',
        # ours, spelled as the model spells itself, through another name
        "from transformers_export import onnx as export\n"
        'export.FeaturesManager.register("Alpha", "default", "causal-lm", '
        'onnx_config="transformers.models.alpha.AlphaOnnxConfig")\n',
        # ours, by constants of the file
        "from transformers_export.onnx import FeaturesManager\n"
        'NAME = "alpha"\nTASK: str = "causal-lm"\n'
        'FeaturesManager.register(NAME, "default", TASK, onnx_config="transformers.models.alpha.AlphaOnnxConfig")\n',
        # 4.13, the same
        'NAME = "alpha"\nTASK = "causal-lm"\n'
        'class F:\n    _SUPPORTED_MODEL_TYPE = {NAME: supported_features_mapping("default", TASK, '
        'onnx_config_cls="models.alpha.AlphaOnnxConfig")}\n',
        # ours, inside a function
        "from transformers_export.onnx.features import FeaturesManager as Manager\n"
        'def setup():\n    Manager.register("alpha", "default", "causal-lm", '
        'onnx_config="transformers.models.alpha.AlphaOnnxConfig")\n',
    ],
)
def test_registry_forms(tmp_path: Path, text: str) -> None:
    found = read_registry(tmp_path, text)
    assert found.unread == ()
    assert [entry.said for entry in found.entries] == [
        ("alpha", "transformers.models.alpha.AlphaOnnxConfig", ("default", "causal-lm"))
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("_SUPPORTED_MODEL_TYPE = make()\n", "no dictionary literal"),
        ("_SUPPORTED_MODEL_TYPE = {**OTHERS}\n", "a registry key is computed"),
        ('_SUPPORTED_MODEL_TYPE = {NAME: f("default", onnx_config_cls="a.B")}\n', "a registry key is computed"),
        ('_SUPPORTED_MODEL_TYPE = {"a": f(*names(), onnx_config_cls="a.B")}\n', "a feature of a is computed"),
        ('_SUPPORTED_MODEL_TYPE = {"a": f("default", onnx_config_cls=cls())}\n', "computed or missing"),
        ('_SUPPORTED_MODEL_TYPE = {"a": f("default")}\n', "computed or missing"),
        ('_SUPPORTED_MODEL_TYPE = {"a": ENTRY}\n', "unknown form"),
        (
            "from transformers_export.onnx import FeaturesManager\n"
            'for name in NAMES:\n    FeaturesManager.register(name, "default", onnx_config="a.B")\n',
            "model type given to FeaturesManager.register is computed",
        ),
        *(
            (
                f"from transformers_export.onnx import FeaturesManager\n{before}"
                'FeaturesManager.register(NAME, "default", onnx_config="a.B")\n',
                "model type given to FeaturesManager.register is computed",
            )
            for before in (
                'NAME = "a"\nNAME = "b"\n',
                'NAME = "a"\nNAME += "b"\n',
                'NAME = "a"\nfor NAME in NAMES:\n    ',
                'NAME = "a"\nfor NAME in NAMES:\n    pass\n',
                'NAME = "a"\ndef setup(NAME):\n    ',
                'NAME = "a"\ndef setup():\n    global NAME\n    NAME = "b"\n',
                'NAME = "a"\nfrom elsewhere import NAME\n',
            )
        ),
        ("x = (\n", "no valid Python"),
    ],
)
def test_registry_forms_that_are_not_read(tmp_path: Path, text: str, why: str) -> None:
    found = read_registry(tmp_path, text)
    assert found.entries == ()
    assert len(found.unread) == 1
    assert why in found.unread[0].why


def test_another_register_is_no_registration(tmp_path: Path) -> None:
    text = 'from acme import FeaturesManager\nFeaturesManager.register("a", "default", onnx_config="a.B")\n'
    assert read_registry(tmp_path, text).entries == ()


def test_places_point_at_key_and_feature(tmp_path: Path) -> None:
    text = '_SUPPORTED_MODEL_TYPE = {\n    "a": f(\n        "default",\n        "x", onnx_config_cls="models.a.B")}\n'
    entry = read_registry(tmp_path, text).entries[0]
    assert (entry.line, entry.column) == (2, 5)
    assert [(item.line, item.column) for item in entry.features] == [(3, 9), (4, 9)]


def test_our_own_registry_is_readable(tmp_path: Path) -> None:
    found = registry.read(snapshot(tmp_path, {"a.py": ""}), registry.READY_MADE)
    assert found.unread == ()
    assert found.tasks["causal-lm"] == ("AutoModelForCausalLM",)
    read = {entry.key: tuple(feature.name for feature in entry.features) for entry in found.entries}
    assert read == {key: FeaturesManager.features_of(key) for key in FeaturesManager.model_types()}


def read_matrix(text: str) -> matrix.Matrix:
    return matrix.read(python.parse(text.encode(), "m.py"))


def test_matrix_forms() -> None:
    found = read_matrix(
        'PYTORCH_EXPORT_MODELS = {("albert", "x/albert"), ("clip", "x/clip", ("default",))}\n'
        "PYTORCH_EXPORT_WITH_PAST_MODELS = {}\n"
        "TENSORFLOW_DEFAULT_MODELS = set()\n"
        'PYTORCH_EXPORT_DEFAULT_MODELS = [("XLM_Roberta", "x/r", XLMRobertaModel, XLMRobertaConfig, XLMROnnxConfig)]\n'
        'OTHER = {("not", "a model")}\n'
    )
    assert found.unread == ()
    assert [(item.key, item.features, item.onnx_class) for item in found.entries] == [
        ("albert", (), ""),
        ("clip", ("default",), ""),
        ("xlm-roberta", (), "XLMROnnxConfig"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        'PYTORCH_EXPORT_MODELS = frozenset({("a", "x/a"), ("b", "x/b")})\n',
        'PYTORCH_EXPORT_MODELS = {("a", "x/a")} | {("b", "x/b")}\n',
        'PYTORCH_EXPORT_MODELS = [("a", "x/a")] + list((("b", "x/b"),))\n',
        'OLD = {("a", "x/a")}\nPYTORCH_EXPORT_MODELS = OLD | frozenset([("b", "x/b")])\n',
        'OLD = [("a", "x/a")]\nPYTORCH_EXPORT_MODELS = {*OLD, ("b", "x/b")}\n',
        'A, B = 1, 2\nFIRST = "a"\nPYTORCH_EXPORT_MODELS = {(FIRST, "x/a"), ("b", "x/b")}\n',
        'PYTORCH_EXPORT_MODELS = {("a", "x/a"), ("b", "x/b")}\nALL_MODELS = PYTORCH_EXPORT_MODELS | set()\n',
    ],
)
def test_matrices_that_are_put_together(text: str) -> None:
    found = read_matrix(text)
    assert found.unread == ()
    said = [(item.key, item.set_name, item.checkpoint) for item in found.entries]
    assert said == [("a", "PYTORCH_EXPORT_MODELS", "x/a"), ("b", "PYTORCH_EXPORT_MODELS", "x/b")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("PYTORCH_EXPORT_MODELS = make()\n", "PYTORCH_EXPORT_MODELS is computed"),
        ('PYTORCH_EXPORT_MODELS = {("a", "x"), *MORE}\n', "PYTORCH_EXPORT_MODELS is computed"),
        ("PYTORCH_EXPORT_MODELS = frozenset(find(), 1)\n", "PYTORCH_EXPORT_MODELS is computed"),
        ('PYTORCH_EXPORT_MODELS = {("a", "x")} - {("a", "x")}\n', "PYTORCH_EXPORT_MODELS is computed"),
        ("MORE = MORE\nPYTORCH_EXPORT_MODELS = MORE\n", "PYTORCH_EXPORT_MODELS is computed"),
        ("MORE = []\nMORE.append(x)\nPYTORCH_EXPORT_MODELS = {*MORE}\n", "PYTORCH_EXPORT_MODELS is computed"),
        ('A = "a"\nA = "b"\nPYTORCH_EXPORT_MODELS = {(A, "x")}\n', "an entry of PYTORCH_EXPORT_MODELS is computed"),
        ('A = "a"\nA += "b"\nPYTORCH_EXPORT_MODELS = {(A, "x")}\n', "an entry of PYTORCH_EXPORT_MODELS is computed"),
        ('PYTORCH_EXPORT_MODELS = {(name, "x")}\n', "an entry of PYTORCH_EXPORT_MODELS is computed"),
        ("x = 1\n", "no set of models found"),
    ],
)
def test_matrix_forms_that_are_not_read(text: str, why: str) -> None:
    found = read_matrix(text)
    assert [why in item.why for item in found.unread] == [True]


CLASSES = {
    "src/acme/__init__.py": "",
    "src/acme/bases.py": (
        "try:\n    from transformers_export.onnx import OnnxConfigWithPast\n"
        "except ImportError:\n    from transformers.onnx import OnnxConfigWithPast\n"
        "class DecoderOnnxConfig(OnnxConfigWithPast):\n    pass\n"
    ),
    "src/acme/shared/__init__.py": "from ..bases import *\n",
    "src/acme/configuration_a.py": (
        "import transformers.onnx\nimport transformers_export.onnx as te\n"
        "from transformers.exporters import OnnxConfig\n"
        "from transformers.models.bert.configuration_bert import BertOnnxConfig\n"
        "from transformers_export.models.gpt2.configuration_gpt2 import GPT2OnnxConfig\n"
        "from acme.shared import DecoderOnnxConfig\n"
        "class Options(OnnxConfig): pass\n"
        "class Plain(te.OnnxConfig): pass\n"
        "class Old(transformers.onnx.OnnxSeq2SeqConfigWithPast): pass\n"
        "class Outside(BertOnnxConfig): pass\n"
        "class ReadyMade(GPT2OnnxConfig): pass\n"
        "class Decoder(DecoderOnnxConfig): pass\n"
        "class Later(Decoder): pass\n"
        "class Circle(Circle): pass\n"
        "class Other(dict): pass\n"
    ),
}


def test_imports_decide_what_is_an_onnx_configuration(tmp_path: Path) -> None:
    read = snapshot(tmp_path, CLASSES)
    found = read.onnx_classes("src/acme/configuration_a.py")
    assert {item.name: item.past for item in found} == {
        "Plain": False,
        "Old": True,
        "Outside": None,
        "ReadyMade": True,
        "Decoder": True,
        "Later": True,
    }
    later = next(item for item in found if item.name == "Later")
    assert ("src/acme/bases.py", "DecoderOnnxConfig") in later.ancestors
    assert read.module_of("src/acme/shared/__init__.py") == "acme.shared"


def test_package_configurations_are_found_by_what_is_in_them(tmp_path: Path) -> None:
    read = snapshot(tmp_path, {**CLASSES, "src/acme/users.py": "from .bases import DecoderOnnxConfig\n"})
    assert read.configurations == ("src/acme/bases.py", "src/acme/configuration_a.py")


def test_auto_tables() -> None:
    text = (
        'A_NAMES = OrderedDict([("a_b", "AModel"), ("c", ("C", "D"))])\n'
        'B_NAMES = {"a_b": "X"}\n'
        "C_NAMES = OrderedDict([*A_NAMES.items()])\n"
        "A = _LazyAutoMapping(CONFIG_MAPPING_NAMES, A_NAMES)\nB = _LazyAutoMapping(CONFIG_MAPPING_NAMES, B_NAMES)\n"
        "C = _LazyAutoMapping(CONFIG_MAPPING_NAMES, C_NAMES)\n"
        "class AutoA:\n    _model_mapping = A\n"
        "class AutoB:\n    _model_mapping = B\n"
        "class AutoC:\n    _model_mapping = C\n"
    )
    heads = modeling.tables(python.parse(text.encode(), "t.py"))
    assert heads.models == {
        "AutoA": {"a-b": ("AModel",), "c": ("C", "D")},
        "AutoB": {"a-b": ("X",)},
    }
    assert [item.why for item in heads.unread] == ["C_NAMES is computed"]
    assert heads.lacks(["AutoB"], "c")
    assert not heads.lacks(["AutoA", "AutoB"], "c")
    assert not heads.lacks(["AutoB", "AutoC"], "c")
    assert not heads.lacks(["AutoUnknown"], "c")


REGISTERING = (
    "from transformers import AutoModel, AutoModelForMaskedLM\nfrom .configuration_a import AConfig, BConfig\n"
    "AutoModel.register(AConfig, AModel)\nAutoModel.register(BConfig, BModel)\n"
    "AutoModelForMaskedLM.register(AConfig, AForMaskedLM)\n"
)


def test_heads_of_a_package(tmp_path: Path) -> None:
    files = {
        "acme/__init__.py": REGISTERING,
        "acme/configuration_a.py": 'class AConfig:\n    model_type = "a"\nclass BConfig:\n    model_type = "b_x"\n',
    }
    read = snapshot(tmp_path, files)
    read.auto_registrations = ("acme/__init__.py",)
    assert read.heads.of("a") == {"AutoModel", "AutoModelForMaskedLM"}
    assert read.heads.lacks(["AutoModelForMaskedLM"], "b-x")
    assert not read.heads.lacks(["AutoModelForMaskedLM"], "bert")


def test_one_computed_registration_makes_a_package_uncertain(tmp_path: Path) -> None:
    files = {
        "acme/__init__.py": REGISTERING + "AutoModelForMaskedLM.register(configuration(), X)\n",
        "acme/configuration_a.py": 'class AConfig:\n    model_type = "a"\nclass BConfig:\n    model_type = "b_x"\n',
    }
    read = snapshot(tmp_path, files)
    read.auto_registrations = ("acme/__init__.py",)
    assert not read.heads.lacks(["AutoModelForMaskedLM"], "b-x")
    assert len(read.heads.unread) == 1


@pytest.mark.parametrize(
    ("init", "configuration", "expected"),
    [
        ("from .configuration_a import *\n", '__all__ = ["A"]\n', {"A"}),
        ("from .configuration_a import *\n", "class A: pass\n", None),
        ("from .configuration_a import *\n", "__all__ = names()\n", None),
        ("from x.import_utils import define_import_structure\n", "class A: pass\n", set()),
        ("from .configuration_a import A\n", '__all__ = ["A"]\n', None),
        ('_import_structure = {"configuration_a": ["A"], "other": ["B"]}\n', "", {"A"}),
        (
            '_import_structure = {"configuration_a": ["A"]}\n_import_structure["configuration_a"] += ["B"]\n',
            "",
            {"A", "B"},
        ),
        ("_import_structure = make()\n", "", None),
    ],
)
def test_what_a_package_exports(tmp_path: Path, init: str, configuration: str, expected: set[str] | None) -> None:
    read = snapshot(tmp_path, {"acme/__init__.py": init, "acme/configuration_a.py": configuration})
    found = package.exports(read, "acme/configuration_a.py")
    assert (found[1] if found else None) == expected


@pytest.mark.parametrize("content", [b"x = (", b"\xff\xfe", b"a\0b"])
def test_a_file_that_is_no_python(content: bytes) -> None:
    source = python.parse(content, "a.py")
    assert source.classes == {}
    assert [item.broken for item in source.unread] == [True]


@pytest.mark.parametrize(
    "content",
    [
        b"x = " + b"-" * 200_000 + b"1",
        b"(" * 5_000,
        b"x = " + b"9" * 10_000,
        b"if a:\n    pass\n" + b"elif a:\n    pass\n" * 2_000,
        b"x = \0",
    ],
)
def test_what_no_parser_takes_is_not_read(content: bytes) -> None:
    source = python.parse(content, "a.py")
    assert [item.broken for item in source.unread] == [True]
    assert source.body == ()


@pytest.mark.parametrize("content", [b"x = a" + b".b" * 100_000, b"x = 1" + b" + 1" * 100_000])
def test_what_only_some_parsers_take_is_read_or_not(content: bytes) -> None:
    """Python 3.10 takes both."""
    source = python.parse(content, "a.py")
    assert [item.broken for item in source.unread] == ([] if source.body else [True])
    assert all(python.said(statement).startswith("too deep") for statement in source.body)


def test_a_list_of_itself_is_not_read() -> None:
    source = python.parse(b"x = (*x, 'a')\n", "a.py")
    assert python.strings(source.assigned["x"][0], source) is None


def test_code_too_deep_to_compare_is_like_no_other() -> None:
    first, second = (python.parse(b"x = a" + b".b" * 1_500, "a.py").body for _ in range(2))
    assert python.said(first[0]) != python.said(second[0])


def test_walking_goes_the_way_of_the_standard_library() -> None:
    for path in sorted((ROOT / "src/transformers_export/source").glob("*.py")):
        parsed = ast.parse(path.read_bytes())
        assert python.walk(parsed) == list(ast.walk(parsed)), path
        assert python.children(parsed) == list(ast.iter_child_nodes(parsed))
