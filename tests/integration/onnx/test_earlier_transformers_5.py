"""The dynamo exporter with transformers 5.17.0, whose exporter has another method than 5.23 and later have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.matrix import SUPPORT, exported, printed

if TYPE_CHECKING:
    from pathlib import Path

PAIRS = ("bert:default", "gpt2:causal-lm-with-past", "t5:seq2seq-lm-with-past")
"""One of each shape."""


def test_each_shape_exports_with_dynamo(python_earlier_5: Path) -> None:
    cases = exported(python_earlier_5, "transformers_export", "dynamo", *PAIRS)
    assert [case for case in cases if case["failed"]] == []
    assert len(cases) == len(PAIRS)


@pytest.mark.parametrize("interpreter", ["python_earlier_5", "python_5"])
def test_the_patches_of_transformers_are_applied(interpreter: str, request: pytest.FixtureRequest) -> None:
    """torch alone has no translation of the operator; names, axes and opset are what was asked for."""
    (graph,) = printed(request.getfixturevalue(interpreter), SUPPORT / "patched_operator.py")
    assert graph == {"names": ["values", "highest"], "dynamic": [[True, True], [True, True]], "opset": 18}
