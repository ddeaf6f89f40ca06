"""Which special ids a configuration names and its vocabulary has."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from transformers_export.onnx.special_tokens import special_id, special_ids


@pytest.mark.parametrize(
    ("value", "usable"),
    [
        (2, 2),
        (None, None),
        (-1, None),
        (50256, None),
        (True, None),
        ([], None),
        ([97, 98], 97),
        ((50256, 98), 98),
        ([None, 5], 5),
    ],
)
def test_only_an_id_of_the_vocabulary_can_end_a_sequence(value: Any, usable: int | None) -> None:
    assert special_id(SimpleNamespace(vocab_size=100, eos_token_id=value), "eos") == usable


def test_every_id_of_a_list_is_special() -> None:
    text = SimpleNamespace(vocab_size=100, eos_token_id=[97, 98, 300], pad_token_id=-1, bos_token_id=1)
    assert sorted(special_ids(text)) == [1, 97, 98]


def test_without_a_known_vocabulary_an_id_is_taken_as_it_is() -> None:
    assert special_id(SimpleNamespace(eos_token_id=50256), "eos") == 50256
    assert special_id(SimpleNamespace(eos_token_id=-1), "eos") is None
