"""Known causes of failed exports, recognised by what torch and transformers really say."""

from __future__ import annotations

import re

import pytest

from transformers_export.cases.failure import describe
from transformers_export.cases.hints import HINTS, hint_for, operator_in
from transformers_export.cases.outcome import known_hint
from transformers_export.report.escape import documentation

SAID = {
    "torch._check": "GuardOnDataDependentSymNode: Could not guard on data-dependent expression Eq(u0, 1)",
    "torch.cond": "RuntimeError: data-dependent control flow is not supported",
    "does not declare": "TypeError: HeronModel.forward() missing 1 required positional argument: 'bbox'",
    "does not take": "TypeError: HeronModel.forward() got an unexpected keyword argument 'token_type_ids'",
    "no translation of this operator": "UnsupportedOperatorError: Exporting the operator 'aten::fft_rfft2' to ONNX "
    "opset version 18 is not supported. Please feel free to request support",
    "no translation of sdpa": "UnsupportedOperatorError: Exporting the operator 'aten::scaled_dot_product_attention' "
    "to ONNX opset version 13 is not supported. Support for this operator was added in version 14",
    "external data": "ValueError: The proto size is larger than 2 GB; exceeds maximum protobuf size",
    "fixes an axis": "UserError: Constraints violated (batch)! your code specialized it to be a constant (2)",
    "range that the message names": "OpsetError: Opset 7 cannot be written by the legacy exporter: expected 11 to 20.",
    "correct `outputs`": "OutputMissingError: Heron does not return the declared outputs ['logits']",
}


@pytest.mark.parametrize(("words", "said"), SAID.items(), ids=SAID)
def test_a_known_cause_is_recognised(words, said):
    hint = hint_for(said)
    assert hint is not None
    assert words in hint.advice


def test_what_is_not_known_has_no_hint():
    assert hint_for("ZeroDivisionError: division by zero") is None
    assert known_hint("Buy more memory at https://evil.example") == ("", "")


def test_every_link_leads_to_documentation_and_every_hint_is_its_own():
    assert len({hint.advice for hint in HINTS}) == len(HINTS)
    for hint in HINTS:
        assert not hint.link or documentation(hint.link) == hint.link
        assert known_hint(hint.advice) == (hint.advice, hint.link)


def test_the_operator_is_read_from_the_message():
    assert operator_in(SAID["no translation of this operator"]) == "aten::fft_rfft2"
    assert (
        operator_in("No ONNX function found for <OpOverload(op='aten.unique2', overload='default')>") == "aten.unique2"
    )
    assert operator_in("division by zero") == ""


def test_a_hint_comes_from_what_an_exception_was_raised_from():
    try:
        try:
            raise TypeError("forward() missing 1 required positional argument: 'bbox'")
        except TypeError as error:
            raise RuntimeError("Failed to export the model") from error
    except RuntimeError as error:
        described = describe(error)
    assert re.search("does not declare", described.hint)
