"""What configurations declare: names and axes with and without past, for one side and for two."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from transformers_export.models.bases import (
    BartLikeOnnxConfig,
    DecoderOnnxConfig,
    Seq2SeqOnnxConfig,
    TextEncoderOnnxConfig,
)
from transformers_export.onnx.config import OnnxConfig, PatchingSpec

DECODER = SimpleNamespace(
    use_cache=True, num_hidden_layers=2, num_attention_heads=8, num_key_value_heads=2, hidden_size=64, pad_token_id=None
)
BART = SimpleNamespace(
    use_cache=True,
    hidden_size=32,
    encoder_layers=1,
    decoder_layers=2,
    encoder_attention_heads=2,
    decoder_attention_heads=4,
    num_attention_heads=2,
)


def test_an_encoder_takes_choices_for_multiple_choice_alone() -> None:
    assert TextEncoderOnnxConfig(None).inputs["input_ids"] == {0: "batch", 1: "sequence"}
    choices = TextEncoderOnnxConfig(None, task="multiple-choice")
    assert choices.inputs["token_type_ids"] == {0: "batch", 1: "choice", 2: "sequence"}
    assert choices.outputs == {"logits": {0: "batch", 1: "choice"}}


def test_outputs_are_a_copy() -> None:
    TextEncoderOnnxConfig(None).outputs["last_hidden_state"][7] = "spoilt"
    assert TextEncoderOnnxConfig(None).outputs["last_hidden_state"] == {0: "batch", 1: "sequence"}


def test_a_decoder_with_past_names_every_layer_on_both_sides() -> None:
    config = DecoderOnnxConfig.with_past(DECODER, task="causal-lm")
    assert list(config.inputs) == [
        "input_ids",
        "past_key_values.0.key",
        "past_key_values.0.value",
        "past_key_values.1.key",
        "past_key_values.1.value",
        "attention_mask",
    ]
    assert config.inputs["past_key_values.1.value"] == {0: "batch", 2: "past_sequence"}
    assert config.inputs["attention_mask"] == {0: "batch", 1: "past_sequence + sequence"}
    assert config.outputs["present.0.key"] == {0: "batch", 2: "past_sequence + sequence"}
    assert next(iter(config.outputs)) == "logits"


def test_grouped_query_heads_count_for_the_cache() -> None:
    config = DecoderOnnxConfig(DECODER, use_past=True)
    assert (config.num_attention_heads, config.head_dim) == (2, 8)


@pytest.mark.parametrize(
    ("use_past", "task", "expected"),
    [
        (False, "default", {"use_cache": False}),
        (True, "default", {"use_cache": True}),
        (False, "sequence-classification", {"use_cache": False}),
    ],
)
def test_values_are_overridden_as_past_and_task_need(use_past: bool, task: str, expected: dict[str, Any]) -> None:
    assert DecoderOnnxConfig(DECODER, task=task, use_past=use_past).values_override == expected


def test_a_classifier_without_a_padding_token_takes_one_row() -> None:
    config = DecoderOnnxConfig(DECODER, task="sequence-classification")
    assert config.inputs == {"input_ids": {1: "sequence"}, "attention_mask": {1: "sequence"}}
    assert (config.outputs, config.default_batch_size) == ({"logits": {}}, 1)


def test_two_sides_name_decoder_and_encoder_past_by_decoder_layers() -> None:
    config = Seq2SeqOnnxConfig.with_past(BART, task="seq2seq-lm")
    past = [name for name in config.inputs if name.startswith("past_key_values")]
    assert past[:4] == [
        "past_key_values.0.decoder.key",
        "past_key_values.0.decoder.value",
        "past_key_values.0.encoder.key",
        "past_key_values.0.encoder.value",
    ]
    assert len(past) == 4 * BART.decoder_layers
    assert config.inputs["past_key_values.0.encoder.key"] == {0: "batch", 2: "encoder_sequence"}
    assert config.inputs["decoder_input_ids"] == {0: "batch", 1: "decoder_sequence"}
    assert config.outputs["present.1.decoder.key"] == {0: "batch", 2: "past_decoder_sequence + decoder_sequence"}
    assert config.outputs["logits"] == {0: "batch", 1: "decoder_sequence"}


def test_the_decoder_of_bart_alone_is_a_decoder() -> None:
    config = BartLikeOnnxConfig.with_past(BART, task="causal-lm")
    assert list(config.inputs)[:2] == ["input_ids", "past_key_values.0.key"]
    assert sum(name.startswith("present.") for name in config.outputs) == 2 * BART.decoder_layers


def test_bart_classifies_with_one_length_on_both_sides() -> None:
    config = BartLikeOnnxConfig(BART, task="sequence-classification")
    assert {tuple(axes.items()) for axes in config.inputs.values()} == {((0, "batch"), (1, "sequence"))}


def test_a_task_without_outputs_lists_those_with() -> None:
    with pytest.raises(ValueError, match=r"'levitation' has no declared outputs.*causal-lm"):
        TextEncoderOnnxConfig(None, task="levitation")


def test_a_direction_must_be_one_of_two() -> None:
    with pytest.raises(ValueError, match="'inputs' or 'outputs'"):
        DecoderOnnxConfig(DECODER).fill_with_past_key_values_({}, direction="sideways")  # type: ignore[arg-type]


def test_attributes_that_are_not_there_are_named() -> None:
    with pytest.raises(AttributeError, match=r"num_layers, num_hidden_layers.*Override the property"):
        _ = DecoderOnnxConfig(SimpleNamespace()).num_layers


def test_operators_are_patched_and_restored() -> None:
    holder = SimpleNamespace(function=len)
    config = TextEncoderOnnxConfig(
        None, patching_specs=[PatchingSpec(holder, "function", max, op_wrapper=staticmethod)]
    )
    config.patch_ops()
    assert holder.function.__func__ is max
    config.restore_ops()
    assert holder.function.__func__ is len


def test_nested_outputs_are_numbered() -> None:
    assert OnnxConfig.flatten_output_collection_property("states", [["a"], ["b"]]) == {"states.0": "a", "states.1": "b"}
    assert list(DecoderOnnxConfig(DECODER).flatten_output_collection_property("present", [("k", "v")])) == [
        "present.0.key",
        "present.0.value",
    ]


@pytest.mark.parametrize(("parameters", "external"), [(536_870_911, False), (536_870_912, True)])
def test_two_gibibytes_of_float32_need_external_data(parameters: int, external: bool) -> None:
    assert OnnxConfig.use_external_data_format(parameters) is external
