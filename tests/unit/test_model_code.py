"""Which files hold a model's code, and which line of it was running last."""

from __future__ import annotations

import importlib
import json
import sys

import pytest
import torch
import transformers.masking_utils
import transformers.modeling_rope_utils
from transformers.models.bert import modeling_bert

from transformers_export.model_code import Line, is_above_machinery, is_model_code, last_model_line, shown
from transformers_export.onnx import convert


@pytest.mark.parametrize(
    ("file", "model", "above"),
    [
        (modeling_bert.__file__, True, True),
        (transformers.modeling_rope_utils.__file__, True, True),
        (transformers.masking_utils.__file__, False, True),
        (torch.nn.functional.__file__, False, False),
        (convert.__file__, False, False),
        (json.__file__, False, False),
        ("<string>", False, False),
        ("/somewhere/acme/modeling_heron.py", True, True),
        ("/env/lib/python3.11/site-packages/acme/heron.py", True, True),
    ],
)
def test_a_file_is_a_models_or_a_librarys(file: str, model: bool, above: bool) -> None:
    assert (is_model_code(file), is_above_machinery(file)) == (model, above)


HERON = """
import torch


def wade(width):
    return torch.zeros(2, 3) @ torch.zeros(width, 3)


def rush(width):
    try:
        wade(width)
    except RuntimeError as error:
        raise ValueError("no") from error
"""


@pytest.mark.parametrize(("function", "line"), [("wade", 6), ("rush", 6)])
def test_the_last_line_is_where_the_model_called_torch(function, line, tmp_path, monkeypatch) -> None:
    (tmp_path / "heron.py").write_text(HERON)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "heron", raising=False)
    heron = importlib.import_module("heron")
    with pytest.raises((RuntimeError, ValueError)) as caught:
        getattr(heron, function)(4)
    found = last_model_line(caught.value)
    assert found == Line(str(tmp_path / "heron.py"), line)
    assert str(found) == f"heron.py:{line}"


def test_where_no_model_was_running_there_is_no_line() -> None:
    with pytest.raises(ValueError, match="Expecting") as caught:
        json.loads("{")
    assert last_model_line(caught.value.with_traceback(caught.tb.tb_next)) is None


def test_a_path_is_shown_from_the_folder_that_holds_it(tmp_path) -> None:
    assert shown(str(tmp_path / "a" / "b.py"), [str(tmp_path)]) == "a/b.py"
    assert shown(modeling_bert.__file__) == "transformers/models/bert/modeling_bert.py"
