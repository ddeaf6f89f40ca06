"""The lines between tool and server, and the files between tool and case."""

from __future__ import annotations

import json
import math

import msgspec
import pytest

from transformers_export.cases.protocol import (
    MAX_LINE_BYTES,
    Finished,
    Gone,
    Hello,
    Problem,
    ProtocolError,
    Ready,
    Run,
    Started,
    decode_case,
    encode_case,
    encode_result,
    from_line,
    to_line,
)
from transformers_export.cases.types import Case, Provider
from transformers_export.verdict.types import CaseError, CaseResult, CheckResult

MESSAGES = [
    Hello(1, True, {"torch": "2.13.0"}),
    Ready({"torch": "2.13.0"}),
    Problem("torch", "ImportError: no"),
    Run(3, "/tmp/case 3\n"),
    Started(3, 4711),
    Finished(3, exit_code=0),
    Finished(3, signal=11),
    Gone(3),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.kind)
def test_a_message_is_one_line_and_comes_back_as_it_was(message):
    line = to_line(message)
    assert line.count(b"\n") == 1
    assert from_line(line) == message


def test_lines_of_keepers_fit_into_one_write_of_a_pipe():
    assert max(len(to_line(m)) for m in (Started(10**9, 10**9), Finished(10**9, 255, 64), Gone(10**9))) < 512


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello\n",
        b"\xff\xfe\n",
        b"[]\n",
        b"3\n",
        b"{}\n",
        b'{"type": "shutdown"}\n',
        b'{"type": "gone"}\n',
        b'{"type": "gone", "id": "3"}\n',
        b'{"type": "gone", "id": true}\n',
        b'{"type": "gone", "id": 3, "also": 1}\n',
        b'{"type": "hello", "protocol": 1, "can_fork": true, "versions": {"torch": 2}}\n',
        b'{"type": ["gone"], "id": 3}\n',
        b"[" * 100_000,
        b" " * (MAX_LINE_BYTES + 1),
    ],
)
def test_a_line_that_is_no_message_is_refused(line):
    with pytest.raises(ProtocolError, match="Expected"):
        from_line(line)


def test_a_case_comes_back_as_it_was():
    provider = Provider("package", modules=("acme", "acme.onnx"), folder="/some where")
    case = Case("acme", "causal-lm", "onnx", "auto", provider, 18, 1e-4, 5.0, 10**9, "known")
    assert decode_case(encode_case(case)) == case


def test_a_result_is_read_by_the_tool_as_it_was_written():
    result = CaseResult(
        "acme",
        "causal-lm",
        "onnx",
        "dynamo",
        "failed",
        checks=(CheckResult("values", "failed", 2.0, 1.0, "far"),),
        error=CaseError("ValueError", "no", ("a.py:1 in f",)),
        warnings=("w",),
    )
    assert msgspec.json.decode(encode_result(result), type=CaseResult) == result


def test_what_json_has_no_word_for_becomes_null():
    checks = (CheckResult("values", "failed", math.inf, 1.0),)
    result = CaseResult("m", "f", "onnx", "dynamo", "failed", checks=checks, max_difference=math.nan)
    document = json.loads(encode_result(result))
    assert (document["max_difference"], document["checks"][0]["figure"]) == (None, None)
