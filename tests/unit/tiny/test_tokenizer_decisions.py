from __future__ import annotations

import sys

import pytest

import transformers_export.tiny
from transformers_export.tiny.tokenizers import special_tokens, text_at, vocabulary


def test_named_tokens_keep_their_ids_and_others_take_free_ones():
    special = special_tokens({"pad": 1, "eos": 2, "bos": 0}, 100)
    assert (special["bos"], special["pad"], special["eos"]) == (0, 1, 2)
    assert special["unk"] not in (0, 1, 2)
    assert special["mask"] not in (0, 1, 2, special["unk"])


def test_an_id_outside_the_vocabulary_is_not_used():
    assert special_tokens({"pad": 500}, 100)["pad"] < 100


def test_a_decoder_without_padding_pads_with_its_end():
    special = special_tokens({"bos": 99, "eos": 99}, 100)
    assert special["pad"] == 99
    assert text_at(special, "pad") == text_at(special, "eos") == text_at(special, "bos")


def test_the_vocabulary_is_exactly_as_large_as_asked_and_has_every_id_once():
    special = special_tokens({"pad": 1, "eos": 2, "decoder_start": 7}, 100)
    words = vocabulary(special, 100)
    assert sorted(words.values()) == list(range(100))
    assert words[text_at(special, "eos")] == 2
    assert words[text_at(special, "decoder_start")] == 7


def test_the_package_offers_its_names_and_no_others():
    assert set(transformers_export.tiny.__all__) <= {*dir(transformers_export.tiny), *transformers_export.tiny._HOMES}
    with pytest.raises(AttributeError, match="no attribute 'grow'"):
        transformers_export.tiny.grow  # noqa: B018


def test_importing_the_package_imports_nothing_heavy():
    import subprocess

    code = "import sys, transformers_export.tiny; print([m for m in ('torch', 'transformers') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_a_large_vocabulary_gets_its_special_tokens_and_a_thousand_words():
    special = special_tokens({"pad": 1, "eos": 2, "mask": 50264}, 50265)
    words = vocabulary(special, 50265)
    assert words[text_at(special, "mask")] == 50264
    assert len(words) == 1001


def test_no_module_of_the_package_hides_a_public_name():
    from importlib.util import find_spec

    names = transformers_export.tiny.__all__
    assert [name for name in names if find_spec(f"transformers_export.tiny.{name}") is not None] == []
