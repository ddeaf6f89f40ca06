"""The small readers: requirements, docs lists, comments that ignore a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.static import repository
from transformers_export.source import comments, docs, requirements
from transformers_export.source.tree import working_tree

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("dependency", "expected"),
    [
        ("transformers", True),
        ("transformers[torch]>=4.48", True),
        ("Transformers >= 5 ; python_version > '3.9'", True),
        ("transformers>=4.40,<6", True),
        ("transformers<5", False),
        ("transformers<5.0.0", False),
        ("transformers>=4.40, <4.60", False),
        ("transformers<=4.57.1", False),
        ("transformers==4.*", False),
        ("transformers~=4.48", False),
        ("transformers~=4.48.0", False),
        ("transformers!=5.0,<5.2", True),
        ("transformers @ git+https://example.org/x", None),
        ("transformers-export>=1", None),
        ("torch>=2", None),
    ],
)
def test_which_versions_are_allowed(tmp_path: Path, dependency: str, expected: bool | None) -> None:
    text = f'[project]\nname = "a"\ndependencies = ["torch", "{dependency}"]\n'
    root = repository(tmp_path / "r", {"pyproject.toml": text})
    assert requirements.allows(working_tree(root), "transformers", 5) is expected


@pytest.mark.parametrize(
    "text", ["transformers = (", "[project]\ndependencies = 'transformers'\n", "x = 'transformers'\n"]
)
def test_requirements_that_say_nothing(tmp_path: Path, text: str) -> None:
    root = repository(tmp_path / "r", {"pyproject.toml": text})
    assert requirements.allows(working_tree(root), "transformers", 5) is None


PAGE = b"""\
# Export BERT

- one

Models:

- ALBERT
* I-BERT, and more
| BigBird | text |
  - [GPT-2](gpt2.md)
"""


def test_docs_lists() -> None:
    page = docs.read(PAGE, "d.md")
    assert page.line == 7
    for name in ("albert", "I-BERT", "bigbird", "GPT-2", "gpt2"):
        assert page.has([name])
    for name in ("BERT", "big", "Models"):
        assert not page.has([name])


def test_ignores() -> None:
    text = (
        b"x = 1  # transformers-export: ignore[a-rule] because\n"
        b"y = '# transformers-export: ignore[b]'\n"
        b"z = 2  # noqa  # transformers-export: ignore[c, d]\n"
    )
    found = comments.ignores(text, "a.py")
    assert [(item.rule, item.line, item.column, item.reason) for item in found] == [
        ("a-rule", 1, 8, "because"),
        ("c", 3, 8, ""),
        ("d", 3, 8, ""),
    ]
    assert comments.ignores(b"x = (  # transformers-export: ignore[a]\n", "a.py") == ()
