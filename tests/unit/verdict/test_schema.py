"""The verdict's JSON: what is written can be read back, what does not fit is refused with the place it does not fit."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import jsonschema
import pytest

from transformers_export.verdict.schema import MAX_BYTES, VerdictError, decode, encode, json_schema, schema_text
from transformers_export.verdict.types import (
    SCHEMA_VERSION,
    Affected,
    CaseError,
    CaseResult,
    CheckResult,
    Finding,
    NotChecked,
    Tool,
    Verdict,
)

SCHEMA_FILE = Path(__file__).parents[3] / "docs" / "verdict.schema.json"

FULL = Verdict(
    tool=Tool("transformers-export", "0.1.0"),
    conclusion="failure",
    versions={"torch": "2.13.0"},
    base="a" * 40,
    head="b" * 40,
    findings=(
        Finding(
            "unregistered", "error", "new", "src/m/configuration_m.py", 3, 1, "MOnnxConfig", "Not there.", "Add it."
        ),
    ),
    cases=(
        CaseResult(
            "m",
            "masked-lm",
            "onnx",
            "dynamo",
            "failed",
            cause="change",
            checks=(CheckResult("values", "failed", 3.5, 1.0, "too far"),),
            max_difference=3.5e-4,
            tolerance=1e-4,
            error=CaseError("ValueError", "it broke", ("configuration_m.py:7 in inputs",)),
            warnings=("careful",),
        ),
    ),
    not_checked=(NotChecked("m/question-answering", "no time", blocking=True),),
    affected=(Affected("m", "src/m/configuration_m.py", "changed"),),
    isolation="own process",
)


def as_json(verdict: Verdict = FULL) -> dict:
    return json.loads(encode(verdict))


def test_a_full_verdict_survives_the_way_there_and_back():
    assert decode(encode(FULL)) == FULL


def test_the_names_the_design_promises_are_in_the_json():
    document = as_json()
    promised = {"schema_version", "tool", "versions", "base", "head", "findings", "cases", "not_checked", "conclusion"}
    assert promised <= document.keys()
    case_names = "model_type feature target exporter outcome cause checks max_difference opset nodes bytes seconds"
    assert set(case_names.split()) | {"peak_bytes", "cached"} <= document["cases"][0].keys()
    assert list(document["cases"][0]["checks"][0]) == ["name", "outcome", "figure", "limit", "detail"]


def test_not_a_number_is_written_as_null():
    case = dataclasses.replace(FULL.cases[0], max_difference=math.nan)
    document = as_json(dataclasses.replace(FULL, cases=(case,)))
    assert document["cases"][0]["max_difference"] is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": SCHEMA_VERSION + 1}, f"Expected schema version {SCHEMA_VERSION}, got {SCHEMA_VERSION + 1}"),
        ({"schema_version": "1"}, "whole number as `schema_version`"),
        ({"conclusion": "green"}, r"conclusion"),
        ({"findings": [{"rule": "unregistered"}]}, r"findings\[0\]|findings\[...\]"),
        ({"cases": "none"}, r"cases"),
        ({"base": 7}, r"base"),
    ],
)
def test_what_does_not_fit_is_refused_and_the_place_is_named(change, message):
    with pytest.raises(VerdictError, match=message):
        decode(json.dumps(as_json() | change).encode())


def test_a_verdict_without_a_schema_version_is_refused():
    document = as_json()
    del document["schema_version"]
    with pytest.raises(VerdictError, match="schema_version"):
        decode(json.dumps(document).encode())


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b'{"schema_version": 1, "conclusion": "\xff"}'])
def test_bytes_that_are_no_json_object_are_refused(data):
    with pytest.raises(VerdictError, match="Expected a verdict"):
        decode(data)


def test_a_verdict_nested_without_end_is_refused():
    with pytest.raises(VerdictError, match="Expected a verdict"):
        decode(b'{"schema_version": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")


def test_a_verdict_too_large_is_refused_unparsed():
    with pytest.raises(VerdictError, match="at most"):
        decode(b" " * (MAX_BYTES + 1))


def test_the_schema_in_the_docs_is_the_one_the_types_give():
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), (
        "Write it again: python -c 'from transformers_export.verdict.schema import schema_text; "
        "print(schema_text(), end=str())' > docs/verdict.schema.json"
    )


def test_the_schema_accepts_what_we_write_and_refuses_another_version():
    validator = jsonschema.Draft202012Validator(json_schema())
    validator.check_schema(json_schema())
    validator.validate(as_json())
    assert [e.json_path for e in validator.iter_errors(as_json() | {"schema_version": 9})] == ["$.schema_version"]
    assert [e.json_path for e in validator.iter_errors(as_json() | {"conclusion": "green"})] == ["$.conclusion"]
