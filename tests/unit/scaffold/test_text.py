"""The text of the class: valid, formatted at any common line length, and read back as what was decided."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING, get_args

import pytest

from support.heads import shapes
from transformers_export.scaffold.decide import decide
from transformers_export.scaffold.facts import Dialect
from transformers_export.scaffold.text import MARK, class_text, names_used

if TYPE_CHECKING:
    from pathlib import Path

DIALECTS = get_args(Dialect)


def test_every_shape_is_formatted_as_formatters_leave_it(tmp_path: Path) -> None:
    for dialect in DIALECTS:
        for name, facts in shapes(dialect).items():
            text = class_text(decide(facts), dialect)
            assert isinstance(ast.parse(text).body[0], ast.ClassDef)
            (tmp_path / f"{dialect}_{name.replace(' ', '_')}.py").write_text(text)
    for length in ("88", "119"):
        command = [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", "--line-length", length, "."]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    assert max(len(line) for file in tmp_path.glob("*.py") for line in file.read_text().splitlines()) <= 88


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_could_not_be_decided_stands_in_the_class(dialect: Dialect) -> None:
    text = class_text(decide(shapes(dialect)["images"]), dialect)
    assert text.count(MARK) == 1
    assert text.index(MARK) < text.index("def inputs")


def test_names_that_are_used_are_all_imported() -> None:
    for dialect in DIALECTS:
        for name, facts in shapes(dialect).items():
            decision = decide(facts)
            tree = ast.parse(class_text(decision, dialect))
            loaded = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            wanted = {*names_used(decision, dialect), decision.base}
            assert wanted <= loaded, (dialect, name)
            assert loaded & {"Any", "Mapping", "Optional", "Tuple"} <= wanted, (dialect, name)
            assert "OnnxConfig" not in loaded or decision.base == "OnnxConfig", (dialect, name)
