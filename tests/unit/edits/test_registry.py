"""An entry more or less in every form of registry: only the lines that are added or taken out differ."""

from __future__ import annotations

import difflib

import pytest

from transformers_export.edits import registry
from transformers_export.edits.registry import NewEntry
from transformers_export.edits.source import CannotEdit

MODULE = "transformers.onnx.features"
BERT = NewEntry("bert", ("default", "masked-lm"), "transformers.models.bert.BertOnnxConfig")


def differs(before: str, after: bytes | CannotEdit) -> str:
    """The lines that differ, each with its sign; `not edited: why` where none do."""
    if isinstance(after, CannotEdit):
        return f"not edited: {after.why}"
    rows = difflib.ndiff(before.splitlines(keepends=True), after.decode().splitlines(keepends=True))
    return "".join(row[0] + row[2:] for row in rows if row[0] in "+-")


FORMS = {
    "the table of 4.13 and later, formatted by black": (
        """\
class FeaturesManager:
    _SUPPORTED_MODEL_TYPE = {
        "albert": supported_features_mapping(
            "default",
            onnx_config_cls="models.albert.AlbertOnnxConfig",
        ),  # the first
        # the last
        "yolos": supported_features_mapping(
            "default", "object-detection", onnx_config_cls="models.yolos.YolosOnnxConfig"
        ),
    }
""",
        """\
+        "bert": supported_features_mapping(
+            "default",
+            "masked-lm",
+            onnx_config_cls="models.bert.BertOnnxConfig",
+        ),
""",
    ),
    "short entries, not formatted": (
        """\
class FeaturesManager:
  _SUPPORTED_MODEL_TYPE = {
      'albert': mapping('default', onnx_config_cls='models.albert.AlbertOnnxConfig')
    , 'yolos': mapping('default', onnx_config_cls='models.yolos.YolosOnnxConfig')
  }
""",
        """\
-    , 'yolos': mapping('default', onnx_config_cls='models.yolos.YolosOnnxConfig')
+    , 'bert': mapping('default', 'masked-lm', onnx_config_cls='models.bert.BertOnnxConfig'), \
'yolos': mapping('default', onnx_config_cls='models.yolos.YolosOnnxConfig')
""",
    ),
    "all on one line": (
        'M = _SUPPORTED_MODEL_TYPE = {"z": f("default", onnx_config_cls="models.z.Z")}\n' + "#" * 118 + "\n",
        '-M = _SUPPORTED_MODEL_TYPE = {"z": f("default", onnx_config_cls="models.z.Z")}\n'
        "+M = _SUPPORTED_MODEL_TYPE = {\n"
        '+    "bert": f("default", "masked-lm", onnx_config_cls="models.bert.BertOnnxConfig"),\n'
        '+    "z": f("default", onnx_config_cls="models.z.Z"),\n+}\n',
    ),
    "classes in place of strings, imported from each model": (
        """\
from ..models.albert import AlbertOnnxConfig
from ..models.yolos import YolosOnnxConfig
from .config import OnnxConfig

class FeaturesManager:
\t_SUPPORTED_MODEL_KIND: dict = {
\t\t"yolos": supported_features_mapping(
\t\t\t"default",
\t\t\tonnx_config_cls=YolosOnnxConfig,
\t\t),
\t}
""",
        """\
+from ..models.bert import BertOnnxConfig
+\t\t"bert": supported_features_mapping(
+\t\t\t"default",
+\t\t\t"masked-lm",
+\t\t\tonnx_config_cls=BertOnnxConfig,
+\t\t),
""",
    ),
    "classes imported all from one package": (
        """\
from transformers.models import (
    AlbertOnnxConfig,
    YolosOnnxConfig,
)
_SUPPORTED_MODEL_KIND = {
    "albert": f("default", onnx_config_cls=AlbertOnnxConfig),
}
""",
        """\
+    BertOnnxConfig,
+    "bert": f("default", "masked-lm", onnx_config_cls=BertOnnxConfig),
""",
    ),
    "plain dictionaries": (
        """\
from transformers.models.albert import AlbertOnnxConfig
from transformers.models.yolos import YolosOnnxConfig
SUPPORTED_MODEL_KIND = {
    "albert": {"default": AlbertOnnxConfig.default},
    "yolos": {"default": YolosOnnxConfig.default, "masked-lm": YolosOnnxConfig.lm},
}
""",
        """\
+from transformers.models.bert import BertOnnxConfig
+    "bert": {"default": BertOnnxConfig.default, "masked-lm": BertOnnxConfig.lm},
""",
    ),
    "calls, sorted": (
        """\
from transformers_export.onnx import FeaturesManager

FeaturesManager.register(
    "albert", "default", onnx_config="acme.AlbertOnnxConfig"
)

# this one last
FeaturesManager.register("yolos", "default", onnx_config="acme.YolosOnnxConfig")
""",
        """\
+FeaturesManager.register(
+    "bert",
+    "default",
+    "masked-lm",
+    onnx_config="transformers.models.bert.BertOnnxConfig",
+)
""",
    ),
    "short calls, in no order, in a function, without a newline at the end": (
        """\
def setup():
    Manager.register("yolos", "default", onnx_config="acme.YolosOnnxConfig")
    Manager.register("albert", "default", onnx_config="acme.AlbertOnnxConfig")""",
        """\
-    Manager.register("albert", "default", onnx_config="acme.AlbertOnnxConfig")\
+    Manager.register("albert", "default", onnx_config="acme.AlbertOnnxConfig")
+    Manager.register(
+        "bert",
+        "default",
+        "masked-lm",
+        onnx_config="transformers.models.bert.BertOnnxConfig",
+    )""",
    ),
    "no call yet": (
        '"""The registry."""\n',
        """\
+
+from transformers_export.onnx import FeaturesManager
+
+FeaturesManager.register(
+    "bert",
+    "default",
+    "masked-lm",
+    onnx_config="transformers.models.bert.BertOnnxConfig",
+)
""",
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_entry_takes_the_form_of_its_neighbours(form: str) -> None:
    before, expected = FORMS[form]
    after = registry.add_entry(before.encode(), BERT, module=MODULE)
    assert differs(before, after) == expected
    assert isinstance(after, bytes)
    again = registry.add_entry(after, BERT, module=MODULE)
    assert again == CannotEdit('"bert" is registered already')


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("_SUPPORTED_MODEL_TYPE = {**OTHERS}\n", "an entry in an unknown form"),
        ('SUPPORTED_MODEL_KIND = {"a": {"x": A.x}}\n', "no other entry shows"),
        ('_SUPPORTED_MODEL_KIND = {"a": f("default", onnx_config_cls=A)}\n', "it does not import A"),
        ("x = (\n", "no Python that can be edited"),
        ("", "it is empty"),
        ("x = " + "1 + " * 2000 + "1\n", "nested too deeply"),
        ("x = " + "-" * 900 + "1\n", "nested too deeply"),
        ("x = 1\n\x0cy = 2\n", "would not be kept"),
    ],
)
def test_what_cannot_be_edited_says_why(text: str, why: str) -> None:
    found = registry.add_entry(text.encode(), BERT, module=MODULE)
    assert isinstance(found, CannotEdit)
    assert why in found.why


TWICE = """\
_SUPPORTED_MODEL_TYPE = {
    "a": f("default", "x", "default", onnx_config_cls="models.a.A"),
    "b": f(
        "default",
        "x",  # by mistake
        *MORE,
        "x",
        onnx_config_cls="models.b.B",
    ),
    "a": f("default", "x", onnx_config_cls="models.a.A"),  # again
}
"""


def test_what_stands_twice_is_taken_out_once() -> None:
    before = TWICE.encode()
    assert differs(TWICE, registry.remove_entry(before, "a")) == (
        '-    "a": f("default", "x", onnx_config_cls="models.a.A"),  # again\n'
    )
    assert differs(TWICE, registry.remove_feature(before, "a", "default")) == (
        '-    "a": f("default", "x", "default", onnx_config_cls="models.a.A"),\n'
        '+    "a": f("default", "x", onnx_config_cls="models.a.A"),\n'
    )
    assert differs(TWICE, registry.remove_feature(before, "b", "x")) == '-        "x",\n'
    assert differs(TWICE, registry.remove_entry(before, "b")) == 'not edited: "b" is not registered twice'
    assert differs(TWICE, registry.remove_feature(before, "b", "default")).startswith("not edited")


def test_a_call_that_stands_twice_is_taken_out_once() -> None:
    call = 'FeaturesManager.register("a", "x", "default", "x", onnx_config="acme.A")\n'
    assert differs(call * 2, registry.remove_entry((call * 2).encode(), "a")) == f"-{call}"
    assert registry.remove_feature(call.encode(), "a", "x") == call.replace('"default", "x"', '"default"').encode()


def test_a_key_is_spelled_another_way() -> None:
    before = "FeaturesManager.register('a_b', 'default', onnx_config='acme.A')\n"
    text = "_SUPPORTED_MODEL_TYPE = {'a_b': f('default', onnx_config_cls='models.a.A')}\n"
    assert registry.rename_key(text.encode(), "a_b", "a-b") == text.replace("a_b", "a-b").encode()
    assert registry.rename_key(before.encode(), "a-b", "a-c") == before.replace("a_b", "a-c").encode()
