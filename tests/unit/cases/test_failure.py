"""An exception as people read it: last frame first, their own frames kept, bounded."""

from __future__ import annotations

import importlib.util

import pytest

from transformers_export.cases.failure import (
    MAX_FRAMES,
    MAX_MESSAGE,
    cause_of,
    describe,
    is_out_of_memory,
    shorten,
    touches,
)
from transformers_export.cases.outcome import known_hint
from transformers_export.model_code import is_our_bug
from transformers_export.onnx import FeaturesManager, convert, dummy, export
from transformers_export.onnx.inputs import declared_inputs

DEEP = """
def start(depth):
    return fall(depth)

def fall(depth):
    if depth == 0:
        raise ValueError("at the bottom")
    return fall(depth - 1)
"""


def load(path, code):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def failure_of(function, *arguments) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it raises is the subject
        function(*arguments)
    return caught.value


def test_the_last_frame_comes_first(tmp_path):
    error = describe(failure_of(load(tmp_path / "deep.py", DEEP).start, 1), own=[str(tmp_path)])
    assert (error.type, error.message) == ("ValueError", "at the bottom")
    assert error.frames[:3] == ("deep.py:7 in fall", "deep.py:8 in fall", "deep.py:3 in start")


def test_own_frames_come_first_when_libraries_fall_deep(tmp_path):
    library = load(tmp_path / "env" / "site-packages" / "lib.py", DEEP)
    mine = load(tmp_path / "src" / "mine.py", "def use(library):\n    return library.start(60)\n")
    error = describe(failure_of(mine.use, library), own=[str(tmp_path)])
    assert len(error.frames) == MAX_FRAMES
    assert error.frames[:2] == ("src/mine.py:2 in use", "lib.py:7 in fall")


def test_an_environment_inside_the_repository_is_not_the_repository(tmp_path):
    library = load(tmp_path / ".venv" / "site-packages" / "lib.py", DEEP)
    assert not touches(failure_of(library.start, 1), [str(tmp_path)])
    mine = load(tmp_path / "mine.py", DEEP)
    assert touches(failure_of(mine.start, 1), [str(tmp_path)])


def test_a_folder_with_the_same_beginning_is_another_folder(tmp_path):
    other = load(tmp_path / "repository-2" / "mine.py", DEEP)
    assert not touches(failure_of(other.start, 1), [str(tmp_path / "repository")])


def test_a_long_message_keeps_beginning_and_end():
    error = describe(ValueError("first " + "x" * 10_000 + " last"))
    assert len(error.message) <= MAX_MESSAGE
    assert error.message.startswith("first x")
    assert error.message.endswith("x last")
    assert shorten("short", 10) == "short"


def chained(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


class UnsupportedOperatorError(Exception):
    __module__ = "torch.onnx.errors"


class _Other:
    class UnsupportedOperatorError(Exception):
        __module__ = "acme.errors"


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ValueError("wrong"), "change"),
        (ModuleNotFoundError("no", name="sentencepiece"), "environment"),
        (chained(RuntimeError("x"), ModuleNotFoundError("no", name="sentencepiece")), "environment"),
        (ImportError("PIL: requires the PIL library but it was not found in your environment."), "environment"),
        (ImportError("cannot import name 'a' from 'b'"), "change"),
        (ModuleNotFoundError("no", name="torch.no_such_module"), "change"),
        (ModuleNotFoundError("no", name="acme"), "change"),
        (ModuleNotFoundError("no", name="acme.missing"), "change"),
        (ModuleNotFoundError("no", name="single"), "change"),
        (UnsupportedOperatorError("aten::x"), "upstream"),
        (chained(RuntimeError("x"), UnsupportedOperatorError("aten::x")), "upstream"),
        (_Other.UnsupportedOperatorError("aten::x"), "change"),
    ],
)
def test_whose_failure_it_is(error, cause, tmp_path):
    (tmp_path / "src" / "acme").mkdir(parents=True)
    (tmp_path / "single.py").touch()
    assert cause_of(error, own=[str(tmp_path)]) == cause


def test_an_operator_the_projects_own_line_asked_for_is_not_upstreams(tmp_path):
    mine = load(tmp_path / "mine.py", "def use(error):\n    raise error\n")
    error = failure_of(mine.use, UnsupportedOperatorError("aten::x"))
    assert cause_of(error, own=[str(tmp_path)]) == "change"
    assert cause_of(error, own=[str(tmp_path / "elsewhere")]) == "upstream"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 100 bytes"), True),
        (RuntimeError("no kernel"), False),
    ],
)
def test_lack_of_memory_is_seen_also_where_an_exporter_wrapped_it(error, said):
    wrapped = ValueError("the export failed")
    wrapped.__cause__ = error
    assert (is_out_of_memory(error), is_out_of_memory(wrapped)) == (said, said)


def raised_by(function, *arguments) -> Exception:
    """What a function of ours raises, without the frames of this test."""
    error = failure_of(function, *arguments)
    traceback = error.__traceback__
    while traceback is not None and "transformers_export" not in traceback.tb_frame.f_code.co_filename:
        traceback = traceback.tb_next
    return error.with_traceback(traceback)


def test_a_failure_whose_frames_are_all_ours_is_a_bug_of_ours():
    for error in (raised_by(dummy.rolled, None), raised_by(export, None, None, None, 18, None)):
        assert is_our_bug(error)
        assert cause_of(error) == "upstream"
        assert "bug in transformers-export" in describe(error).hint
        assert known_hint(describe(error).hint)[0] == describe(error).hint


def test_what_we_refuse_in_a_sentence_is_no_bug_of_ours():
    for error in (
        raised_by(dummy.require_pytorch, "tf"),
        raised_by(convert.check_opset, 7, "dynamo"),
        raised_by(FeaturesManager.get_config, "bert", "no-such-feature"),
    ):
        assert not is_our_bug(error)
        assert cause_of(error) == "change"


def test_what_a_projects_line_raises_below_us_is_no_bug_of_ours(tmp_path):
    mine = load(tmp_path / "mine.py", "class Config:\n    @property\n    def inputs(self):\n        return self.no\n")
    assert not is_our_bug(raised_by(declared_inputs, mine.Config(), {}))
