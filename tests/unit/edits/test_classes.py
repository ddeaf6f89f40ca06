"""Where class and imports go in a file, whatever the file looks like."""

from __future__ import annotations

import ast

import pytest

from transformers_export.edits.classes import Wanted, add_class, new_file
from transformers_export.edits.source import CannotEdit

CLASS = "class PloverOnnxConfig(OnnxConfig):\n    inputs: Mapping\n"
THEIRS = (Wanted("typing", "Mapping"), Wanted("...onnx", "OnnxConfig"))
OURS = (Wanted("collections.abc", "Mapping"), Wanted("transformers_export.onnx", "OnnxConfig"))


def added(before: str, wanted: tuple[Wanted, ...] = THEIRS) -> str:
    after = add_class(before.encode(), CLASS, wanted)
    assert isinstance(after, bytes), after
    ast.parse(after)
    return after.decode()


def test_the_class_stands_before_all_and_imports_in_their_blocks() -> None:
    before = '''"""Plover."""

from ...configuration_utils import PretrainedConfig
from ...utils import logging


class PloverConfig(PretrainedConfig):
    model_type = "plover"


__all__ = ["PloverConfig"]
'''
    assert (
        added(before)
        == '''"""Plover."""

from typing import Mapping

from ...configuration_utils import PretrainedConfig
from ...onnx import OnnxConfig
from ...utils import logging


class PloverConfig(PretrainedConfig):
    model_type = "plover"


class PloverOnnxConfig(OnnxConfig):
    inputs: Mapping


__all__ = ["PloverConfig"]
'''
    )


def test_a_package_of_its_own_imports_ours_among_third_parties() -> None:
    before = "import math\n\nfrom transformers import PreTrainedConfig\n\nfrom .other import thing\n\nX = 1\n"
    assert added(before, OURS).splitlines()[:7] == [
        "import math",
        "from collections.abc import Mapping",
        "",
        "from transformers import PreTrainedConfig",
        "from transformers_export.onnx import OnnxConfig",
        "",
        "from .other import thing",
    ]


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("from typing import Any, List\n\nX = 1\n", "from typing import Any, List, Mapping"),
        ("from typing import Mapping\n\nX = 1\n", "from typing import Mapping"),
        ("from collections.abc import Mapping\n\nX = 1\n", "from collections.abc import Mapping"),
        ("from ...onnx import OnnxConfigWithPast\n\nX = 1\n", "from ...onnx import OnnxConfig, OnnxConfigWithPast"),
    ],
)
def test_a_name_joins_the_import_that_is_there(before: str, line: str) -> None:
    after = added(before)
    assert line in after.splitlines()
    assert after.count("import Mapping") + after.count(", Mapping") == 1


def test_an_import_for_type_checkers_alone_does_not_do() -> None:
    before = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from ...onnx import OnnxConfig\n\nX = 1\n"
    assert "\nfrom ...onnx import OnnxConfig\n" in added(before)


def test_a_file_without_imports_gets_them_behind_its_docstring() -> None:
    assert added('"""Plover."""\n\nX = 1\n').startswith(
        '"""Plover."""\n\nfrom typing import Mapping\n\nfrom ...onnx import OnnxConfig\n'
    )


def test_future_imports_stay_first() -> None:
    after = added('"""Plover."""\n\nfrom __future__ import annotations\n\nX = 1\n')
    assert after.index("__future__") < after.index("typing") < after.index("onnx")


def test_a_comment_above_all_stays_with_it() -> None:
    after = added('X = 1\n\n\n# what is public\n__all__ = ["X"]\n')
    assert after.endswith('inputs: Mapping\n\n\n# what is public\n__all__ = ["X"]\n')


def test_without_all_at_its_end_the_class_is_last() -> None:
    assert added('__all__ = ["X"]\n\nX = 1').endswith("X = 1\n\n\n" + CLASS)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_mark_stay(newline: str, mark: bytes) -> None:
    before = mark + "import math\n\nX = math.pi\n".replace("\n", newline).encode()
    after = add_class(before, CLASS, THEIRS)
    assert isinstance(after, bytes)
    assert after.startswith(mark + b"import math")
    assert after.count(b"\r\n") == (after.count(b"\n") if newline == "\r\n" else 0)
    assert after.count(b"\xef\xbb\xbf") == (1 if mark else 0)
    ast.parse(after)


def test_another_encoding_stays() -> None:
    before = '# -*- coding: latin-1 -*-\n"""Bl\xe4ssh\xfchner."""\n\nX = 1\n'.encode("latin-1")
    after = add_class(before, CLASS, THEIRS)
    assert isinstance(after, bytes)
    assert "Bl\xe4ssh\xfchner" in after.decode("latin-1")


@pytest.mark.parametrize("before", [b"", b"class (:\n", b"x = '\xff'\n", b"a = 1\r\nb = '''\n'''\n\x00"])
def test_what_cannot_be_edited_is_refused(before: bytes) -> None:
    assert isinstance(add_class(before, CLASS, THEIRS), CannotEdit)


def test_a_file_of_its_own_has_its_imports_in_order() -> None:
    text = new_file(CLASS, OURS, "Plover.").decode()
    ast.parse(text)
    assert text == (
        '"""Plover."""\n\nfrom collections.abc import Mapping\n\nfrom transformers_export.onnx import OnnxConfig\n\n\n'
        + CLASS
    )
