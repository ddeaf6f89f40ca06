"""Whatever stands in a file, the check says something: findings or what was not read, never a traceback.

The files are those of transformers 4.48.0, with lines deleted, moved or doubled, words renamed, characters put in,
cut off, in other encodings.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.mutations import CHANGES, ENCODINGS, Change, changed
from support.overlay import Ground
from support.repositories import DISTILBERT, DOCS, MATRIX, REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.repositories import Repository

MODELS = "src/transformers/models"
FILES = (
    DISTILBERT,
    REGISTRY,
    MATRIX,
    DOCS,
    "src/transformers/onnx/config.py",
    f"{MODELS}/auto/modeling_auto.py",
    f"{MODELS}/bart/configuration_bart.py",
    f"{MODELS}/deberta/configuration_deberta.py",
    f"{MODELS}/distilbert/modeling_distilbert.py",
    f"{MODELS}/distilbert/__init__.py",
    f"{MODELS}/mobilenet_v1/configuration_mobilenet_v1.py",
    f"{MODELS}/vision_encoder_decoder/configuration_vision_encoder_decoder.py",
    "src/transformers/modeling_outputs.py",
)


@pytest.fixture(scope="module")
def ground(transformers_4_repository: Repository) -> Ground:
    return Ground(transformers_4_repository.root, "main")


@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    path=st.sampled_from(FILES),
    changes=CHANGES,
    encoding=ENCODINGS,
    crlf=st.booleans(),
)
def test_any_change_gives_findings_or_says_what_is_not_read(
    ground: Ground, path: str, changes: list[Change], encoding: str, crlf: bool
) -> None:
    text = changed((ground.tree.read(path) or b"").decode(), changes)
    content = (text.replace("\n", "\r\n") if crlf else text).encode(encoding, errors="replace")
    result = ground.check({path: content})
    length = content.count(b"\n") + content.count(b"\r") + 1
    for item in result.findings:
        if item.path == path and item.status == "new":
            assert 0 < item.line <= length
            assert item.column > 0
    if is_broken(content) and path.endswith(("configuration_distilbert.py", "features.py", "test_onnx_v2.py")):
        assert [item.what for item in result.not_checked if item.blocking], "a changed file that is no Python blocks"


def is_broken(content: bytes) -> bool:
    try:
        ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return False


HARMLESS: dict[str, Callable[[bytes], bytes]] = {
    "CRLF": lambda content: content.replace(b"\n", b"\r\n"),
    "CR": lambda content: content.replace(b"\n", b"\r"),
    "a BOM": lambda content: b"\xef\xbb\xbf" + content,
    "no newline at the end": bytes.rstrip,
    "10,000 lines more": lambda content: content + b"\n# a long file\n" + b"X = 1\n" * 10_000,
    "10,000 lines before": lambda content: b"# a long file\n" * 10_000 + content,
    "an encoding": lambda content: b"# -*- coding: latin-1 -*-\n" + content.decode().encode("latin-1", "replace"),
    "deep nesting": lambda content: content + b"\nX = " + b"1 + " * 900 + b"1\n",
    "class names in a string": lambda content: b'"""\nclass DistilBertModel:\nclass X(\n"""\n' + content,
}


@pytest.mark.parametrize("how", HARMLESS)
@pytest.mark.parametrize("path", [path for path in FILES if path.endswith(".py") and "auto" not in path])
def test_what_changes_no_meaning_changes_no_finding(ground: Ground, how: str, path: str) -> None:
    result = ground.check({path: HARMLESS[how](ground.tree.read(path) or b"")})
    assert [item for item in result.findings if item.status == "new"] == []
    assert [item for item in result.not_checked if "ConvBert" not in item.why and "Electra" not in item.why] == []
