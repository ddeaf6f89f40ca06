"""Model classes: signatures, main inputs and returned fields, through inheritance; never guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.static import repository
from transformers_export.source import forward, python, returned
from transformers_export.source.excerpt import Excerpts
from transformers_export.source.forward import Signature
from transformers_export.source.python import Unread
from transformers_export.source.snapshot import Snapshot
from transformers_export.source.tree import working_tree

if TYPE_CHECKING:
    from pathlib import Path

    from transformers_export.source.forward import Model

HEAD = """\
import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.generation import GenerationMixin
from transformers.modeling_outputs import BaseModelOutput
from transformers.utils import ModelOutput, can_return_tuple
from .others import Inner, keep
"""
OTHERS = """\
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

class Inner(PreTrainedModel):
    main_input_name = "pixel_values"
    def forward(self, pixel_values, mask=None):
        return BaseModelOutput(last_hidden_state=1)
"""


def model(root: Path, text: str, name: str = "A") -> tuple[Snapshot, Model]:
    files = {"acme/__init__.py": "", "acme/modeling_a.py": HEAD + text, "acme/others.py": OTHERS}
    snapshot = Snapshot(working_tree(repository(root / "r", files)), "package", patterns=("*configuration_*.py",))
    found = snapshot.find_class(f"acme.modeling_a.{name}")
    assert found
    return snapshot, forward.model(snapshot, found)


def signature(root: Path, text: str) -> Signature | Unread:
    return forward.signature(*model(root, text))


def test_a_signature(tmp_path: Path) -> None:
    text = "class A(PreTrainedModel, GenerationMixin):\n    def forward(self, a, b=None, *, c, d=1): ...\n"
    assert signature(tmp_path, text) == Signature(("a", "b", "c", "d"), ("a", "c"), is_open=False)
    text = "class A(PreTrainedModel):\n    @can_return_tuple\n    def forward(self, a=None, **kwargs): ...\n"
    assert signature(tmp_path / "2", text) == Signature(("a",), (), is_open=True)


def test_an_inherited_signature(tmp_path: Path) -> None:
    text = "class B(Inner):\n    pass\nclass A(GenerationMixin, B):\n    pass\n"
    assert signature(tmp_path, text) == Signature(("pixel_values", "mask"), ("pixel_values",), is_open=False)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("class A(PreTrainedModel):\n    pass\n", "not here"),
        ("from elsewhere import B\nclass A(B):\n    pass\n", "not here"),
        ("class A(make()):\n    pass\n", "not here"),
        ("class A(nn.Module):\n    pass\n", "not here"),
        ("class A(PreTrainedModel):\n    @keep\n    def forward(self, a): ...\n", "decorated by something unknown"),
        ("class A(PreTrainedModel):\n    async def forward(self, a): ...\n", "no plain function"),
    ],
)
def test_signatures_that_are_not_read(tmp_path: Path, text: str, why: str) -> None:
    found = signature(tmp_path, text)
    assert isinstance(found, Unread)
    assert why in found.why


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("class A(PreTrainedModel):\n    pass\n", "input_ids"),
        ('class A(PreTrainedModel):\n    main_input_name = "input_values"\n', "input_values"),
        ("class A(Inner):\n    pass\n", "pixel_values"),
        ("class A(nn.Module):\n    pass\n", None),
        ("class A(PreTrainedModel):\n    main_input_name = NAME\n", None),
        ("class A(Inner):\n    def f(self):\n        self.main_input_name = 'x'\n", None),
    ],
)
def test_main_inputs(tmp_path: Path, text: str, expected: str | None) -> None:
    assert forward.main_input(model(tmp_path, text)[1]) == expected


OUTPUT = "class AOutput(ModelOutput):\n    a: int = None\n    b: int = None\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return AOutput(a=1)", {"a", "b"}),
        ("return BaseModelOutput(last_hidden_state=1, attentions=2)", {"last_hidden_state", "attentions"}),
        ("if not return_dict:\n            return x[0] + (1,)\n        return AOutput()", {"a", "b"}),
        ("if return_dict:\n            return AOutput()\n        return (x,) + x[1:] if x else (1,)", {"a", "b"}),
        ("output = AOutput()\n        return output", {"a", "b"}),
        ("if x:\n            return AOutput()\n        return BaseModelOutput(last=1)", {"a", "b", "last"}),
        ("return self.inner(x)", {"last_hidden_state"}),
        ("def f():\n            return 1\n        return AOutput()", {"a", "b"}),
        ("return make()", None),
        ("return x", None),
        ("x = self.inner(x)\n        x = x[0]\n        return x", None),
        ("return BaseModelOutput(1, 2)", None),
        ("return self.elsewhere(x)", None),
        ("return", None),
        ("return (x,)", None),
    ],
)
def test_returned_fields(tmp_path: Path, body: str, expected: set[str] | None) -> None:
    text = (
        f"{OUTPUT}class A(PreTrainedModel):\n    def __init__(self):\n        self.inner = Inner(1)\n"
        f"    def forward(self, x, return_dict=None):\n        {body}\n"
    )
    found = returned.fields(*model(tmp_path, text))
    assert (set(found) if isinstance(found, frozenset) else None) == expected


FILE = b"""\
'''A docstring.
class Fake:
'''
import torch
if torch:
    from a import b
else:
    from c import b

class First(B):
    x = 1
# a comment

@decorated
class Second(First):
    '''Says something.'''
    def f(self):
        return 1


def function():
    class Local: ...
"""


def test_an_excerpt_holds_the_imports_and_one_class_on_their_lines() -> None:
    whole = python.parse(FILE, "a.py")
    source = Excerpts(FILE, "a.py").of("Second")
    assert source is not None
    assert list(source.classes) == ["Second"]
    assert source.others == {"Fake", "First"}
    assert source.classes["Second"] == whole.classes["Second"]
    assert source.imports == whole.imports
    absent = Excerpts(FILE, "a.py").of("Third")
    assert absent is not None
    assert absent.classes == {}


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (FILE, "Local"),  # not at the top
        (FILE + b"class First: ...\n", "First"),  # twice
        (FILE.replace(b"\n", b"\r\n"), "First"),
        (b"# coding: latin-1\n" + FILE, "First"),
        (FILE.replace(b"    x = 1", b"    x = '''\nA text.\n'''"), "First"),  # cut in a string
        (FILE.replace(b"import torch\n", b"import torch\nif torch:\n    class X: ...\n"), "First"),
        (FILE + b"import (\n", "First"),
    ],
)
def test_where_a_cut_cannot_be_trusted_there_is_no_excerpt(content: bytes, name: str) -> None:
    assert Excerpts(content, "a.py").of(name) is None
