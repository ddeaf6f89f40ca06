"""Matrix, package, docs list, imports and comments: what is added, and that all else stays, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from transformers_export.edits import comments, docs, imports, matrix, package
from transformers_export.edits.sequence import place
from transformers_export.edits.source import CannotEdit
from unit.edits.test_registry import differs

if TYPE_CHECKING:
    from collections.abc import Callable

MATRIX = """\
PYTORCH_EXPORT_MODELS = {
    ("albert", "x/albert"),
    ("clip", "x/clip", ("default",)),  # one feature
}
PYTORCH_EXPORT_WITH_PAST_MODELS: set[tuple[str, str]] = set()
PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS = {("bart", "x/bart")}
EMPTY_MODELS = {}
LIST_MODELS = [
    ["a", "b"],
]
"""


@pytest.mark.parametrize(
    ("set_name", "expected"),
    [
        ("PYTORCH_EXPORT_MODELS", '+    ("bert", "x/bert"),\n'),
        (
            "PYTORCH_EXPORT_WITH_PAST_MODELS",
            "-PYTORCH_EXPORT_WITH_PAST_MODELS: set[tuple[str, str]] = set()\n"
            '+PYTORCH_EXPORT_WITH_PAST_MODELS: set[tuple[str, str]] = {\n+    ("bert", "x/bert"),\n+}\n',
        ),
        (
            "PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS",
            '-PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS = {("bart", "x/bart")}\n'
            '+PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS = {("bart", "x/bart"), ("bert", "x/bert")}\n',
        ),
        ("EMPTY_MODELS", '-EMPTY_MODELS = {}\n+EMPTY_MODELS = {\n+    ("bert", "x/bert"),\n+}\n'),
        ("LIST_MODELS", "not edited: the set is computed"),
        ("OTHER_MODELS", "not edited: there is no set OTHER_MODELS"),
    ],
)
def test_a_model_goes_into_a_set(set_name: str, expected: str) -> None:
    after = matrix.add_entry(MATRIX.encode(), set_name, "bert", "x/bert")
    assert differs(MATRIX, after) == expected
    if isinstance(after, bytes):
        assert isinstance(matrix.add_entry(after, set_name, "bert", "x/bert"), CannotEdit)


def test_a_model_moves_to_another_set() -> None:
    sets = "PYTORCH_EXPORT_MODELS", "PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS"
    after = matrix.move_entry(MATRIX.encode(), "clip", *sets)
    assert differs(MATRIX, after) == (
        '-    ("clip", "x/clip", ("default",)),  # one feature\n'
        '-PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS = {("bart", "x/bart")}\n'
        "+PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS = {\n"
        '+    ("bart", "x/bart"),\n+    ("clip", "x/clip", ("default",)),\n+}\n'
    )
    last = matrix.move_entry(MATRIX.encode(), "bart", *reversed(sets))
    assert b"\nPYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS = {}\n" in (last if isinstance(last, bytes) else b"")
    assert isinstance(matrix.move_entry(MATRIX.encode(), "none", *sets), CannotEdit)


def test_the_oldest_matrix_names_classes_that_are_imported() -> None:
    before = """\
from transformers import AlbertConfig, AlbertModel
from transformers.models.albert import AlbertOnnxConfig
PYTORCH_EXPORT_DEFAULT_MODELS = {
    ("ALBERT", "x/albert", AlbertModel, AlbertConfig, AlbertOnnxConfig),
}
"""
    classes = tuple(f"transformers.models.bert.Bert{end}" for end in ("Model", "Config", "OnnxConfig"))
    after = matrix.add_entry(
        before.encode(),
        "PYTORCH_EXPORT_DEFAULT_MODELS",
        "bert",
        "x/bert",
        classes=classes,
        module="tests.m",  # type: ignore[arg-type]
    )
    assert differs(before, after) == (
        "-from transformers import AlbertConfig, AlbertModel\n"
        "+from transformers import AlbertConfig, AlbertModel, BertConfig, BertModel\n"
        "+from transformers.models.bert import BertOnnxConfig\n"
        '+    ("BERT", "x/bert", BertModel, BertConfig, BertOnnxConfig),\n'
    )
    without = matrix.add_entry(before.encode(), "PYTORCH_EXPORT_DEFAULT_MODELS", "bert", "x/bert")
    assert without == CannotEdit("its tuples name classes")


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ('__all__ = ["AConfig"]\n', '__all__ = ["AConfig", "AOnnxConfig"]\n'),
        ("__all__ = (\n 'AModel',\n 'AConfig'\n)\n", "__all__ = (\n 'AModel',\n 'AConfig',\n 'AOnnxConfig'\n)\n"),
        ('__all__ = ["AConfig", "B"]', '__all__ = ["AConfig", "AOnnxConfig", "B"]'),
        ("__all__ = []\n", '__all__ = [\n    "AOnnxConfig",\n]\n'),
        ("class AConfig:\n    x = 1", 'class AConfig:\n    x = 1\n\n\n__all__ = ["AConfig", "AOnnxConfig"]\n'),
        ("__all__ = names()\n", None),
    ],
)  # fmt: skip
def test_a_name_goes_into_all(before: str, expected: str | None) -> None:
    after = package.add_to_all(before.encode(), "AOnnxConfig", beside=["AConfig"])
    assert after == (expected.encode() if expected else CannotEdit("its __all__ is computed"))
    if expected:
        assert isinstance(package.add_to_all(expected.encode(), "AOnnxConfig"), CannotEdit)


INIT = """\
_import_structure = {
    "configuration_albert": ["ALBERT_ARCHIVE", "AlbertConfig"],
    "tokenization_albert": [],
}

if TYPE_CHECKING:
    from .configuration_albert import ALBERT_ARCHIVE, AlbertConfig
else:
    import sys
"""


def test_a_name_goes_into_the_import_structure_and_the_imports_beside_it() -> None:
    after = package.add_to_import_structure(INIT.encode(), "configuration_albert", "AlbertOnnxConfig")
    assert differs(INIT, after) == (
        '-    "configuration_albert": ["ALBERT_ARCHIVE", "AlbertConfig"],\n'
        '+    "configuration_albert": ["ALBERT_ARCHIVE", "AlbertConfig", "AlbertOnnxConfig"],\n'
        "-    from .configuration_albert import ALBERT_ARCHIVE, AlbertConfig\n"
        "+    from .configuration_albert import ALBERT_ARCHIVE, AlbertConfig, AlbertOnnxConfig\n"
    )
    missing = package.add_to_import_structure(INIT.encode(), "configuration_bert", "BertOnnxConfig")
    assert missing == CannotEdit("its _import_structure has no configuration_bert")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# T\n\n- ALBERT\n- YOLOS\n\nend\n", "# T\n\n- ALBERT\n- BERT\n- YOLOS\n\nend\n"),
        ("\n\n * YOLOS\r\n * ALBERT", "\n\n * YOLOS\r\n * ALBERT\r\n * BERT"),
        ("\n\n- YOLOS\n", "\n\n- BERT\n- YOLOS\n"),
        ("\n\n| YOLOS | yes |\n", None),
        ("\n\n- [YOLOS](yolos)\n", None),
    ],
)
def test_a_name_goes_into_the_list_of_the_docs(before: str, after: str | None) -> None:
    found = docs.add_name(before.encode(), 3, "BERT")
    assert found == (after.encode() if after else CannotEdit("its list holds more than names"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from transformers.onnx import OnnxConfig\n", "from transformers_export.onnx import OnnxConfig\n"),
        ("from transformers.onnx.config import A, B  # x\n", "from transformers_export.onnx.config import A, B  # x\n"),
        ("import transformers.onnx as te\n", "import transformers_export.onnx as te\n"),
        ("from transformers import onnx\n", "from transformers_export import onnx\n"),
        ("from transformers import onnx, x\n", None),
        ("import transformers.onnx\n", None),
        ("from transformers import x\n", None),
    ],
)
def test_an_import_moves_to_another_module(before: str, after: str | None) -> None:
    found = imports.replace_module(before.encode(), "transformers.onnx", "transformers_export.onnx")
    assert found == after.encode() if after else isinstance(found, CannotEdit)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1  # transformers-export: ignore[a] why\ny = 2\n", "x = 1\ny = 2\n"),
        ("x = 1  # transformers-export: ignore[a, b]\n", "x = 1  # transformers-export: ignore[b]\n"),
        ("# transformers-export: ignore[a]\ny = 2\n", "y = 2\n"),
        ("x = 1  # transformers-export: ignore[b]\n", None),
    ],
)
def test_a_comment_ignores_one_rule_less(before: str, after: str | None) -> None:
    found = comments.remove_ignore(before.encode(), 1, "a")
    assert found == (after.encode() if after else CannotEdit("line 1 has no comment that ignores a"))


KEPT: dict[str, Callable[[str], bytes]] = {
    "LF": str.encode,
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "a BOM": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "latin-1": lambda text: f"# -*- coding: latin-1 -*-\n# é\n{text}".encode("latin-1"),
    "tabs": lambda text: text.replace("    ", "\t").encode(),
}


@pytest.mark.parametrize("how", KEPT)
def test_encoding_line_breaks_and_indentation_are_kept(how: str) -> None:
    before = KEPT[how](MATRIX)
    after = matrix.add_entry(before, "PYTORCH_EXPORT_MODELS", "bert", "x/bert")
    line = '    ("clip", "x/clip", ("default",)),  # one feature\n'
    assert after == KEPT[how](MATRIX.replace(line, f'    ("bert", "x/bert"),\n{line}'))


@pytest.mark.parametrize(
    ("names", "new", "index"),
    [
        (["a", "c"], "b", 1),
        (["gptj", "gpt-neo", "gpt2", "vit", "xlm"], "mpnet", 3),
        (["c", "b", "a"], "d", 3),
        (["z", "b", "y", "a"], "c", 4),
        (["A_LIST", "AConfig"], "AOnnxConfig", 2),
        (["ALBERT", "BigBird", "BLOOM"], "BERT", 1),
        ([], "a", 0),
    ],
)
def test_names_go_where_they_belong(names: list[str], new: str, index: int) -> None:
    assert place(names, new) == index
