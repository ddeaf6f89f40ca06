"""What is decided from the heads of a model, without any file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.heads import DECODER, SEQ2SEQ, SPEECH, TEXT, facts, head, shapes
from transformers_export.scaffold.decide import PAST, decide
from transformers_export.scaffold.facts import CannotScaffoldError


@pytest.mark.parametrize(
    ("name", "base", "features"),
    [
        ("encoder", "OnnxConfig", ("default", "masked-lm", "multiple-choice")),
        ("decoder", "OnnxConfigWithPast", ("default", "default-with-past", "causal-lm", "causal-lm-with-past")),
        (
            "encoder and decoder",
            "OnnxSeq2SeqConfigWithPast",
            (
                *("default", "default-with-past", "seq2seq-lm", "seq2seq-lm-with-past"),
                "sequence-classification",
            ),
        ),
        ("images", "OnnxConfig", ("default", "image-classification")),
        ("audio", "OnnxConfig", ("default",)),
        ("texts and images", "OnnxConfig", ("default",)),
    ],
)
def test_each_shape_has_its_base_and_its_features(name: str, base: str, features: tuple[str, ...]) -> None:
    decision = decide(shapes("own")[name])
    assert (decision.base, decision.features) == (base, features)


def test_inputs_stand_in_the_order_of_forward_and_leave_out_what_the_model_makes_itself() -> None:
    (variant,) = decide(facts(head("default", DECODER), head("causal-lm", DECODER))).variants
    assert variant.inputs == ("input_ids", PAST, "attention_mask")


def test_an_encoder_with_a_decoders_head_has_no_past() -> None:
    """BERT's forward() takes past key values for its rare life as a decoder."""
    heads = [head(task, (*TEXT, PAST)) for task in ("default", "masked-lm", "causal-lm")]
    decision = decide(facts(*heads))
    assert decision.base == "OnnxConfig"
    assert decision.features == ("default", "masked-lm", "causal-lm")
    assert all(PAST not in variant.inputs for variant in decision.variants)


def test_a_decoder_that_returns_no_past_has_none() -> None:
    bare = frozenset({"last_hidden_state"})
    decision = decide(facts(head("default", DECODER, fields=bare), head("causal-lm", DECODER)))
    assert decision.base == "OnnxConfig"


@pytest.mark.parametrize(
    ("tokenizer", "attributes", "token_types", "declared"),
    [
        (("input_ids", "token_type_ids"), (), None, True),
        (("input_ids", "attention_mask"), ("type_vocab_size",), 2, False),  # RoBERTa's
        (("input_ids", "token_type_ids"), ("type_vocab_size",), 0, False),  # DeBERTa's
        (None, ("type_vocab_size",), 2, True),
        (None, (), None, False),
    ],
)
def test_token_types_are_declared_where_the_tokenizer_makes_them(
    tokenizer: tuple[str, ...] | None, attributes: tuple[str, ...], token_types: int | None, declared: bool
) -> None:
    known = facts(head("default", TEXT), tokenizer=tokenizer, attributes=attributes, token_types=token_types)
    decision = decide(known)
    assert ("token_type_ids" in decision.variants[-1].inputs) == declared
    guessed = tokenizer is None or token_types == 0
    assert any("token_type_ids" in note for note in decision.notes) == guessed


def test_what_forward_takes_and_no_preprocessor_makes_is_left_out_and_said() -> None:
    decision = decide(facts(head("default", (*TEXT, "bbox"))))
    assert "bbox" not in decision.variants[-1].inputs
    assert [note for note in decision.notes if "bbox" in note] == [
        "forward() takes bbox, which is left out: the graph computes as if it were not given."
    ]


def test_a_head_that_requires_what_nobody_makes_is_left_out_and_said() -> None:
    decision = decide(facts(head("default", TEXT), head("masked-lm", TEXT, required=("bbox",))))
    assert decision.features == ("default",)
    assert "masked-lm is left out: forward() of PloverForMaskedLm requires bbox" in decision.notes[0]


def test_a_head_without_the_declared_outputs_is_left_out_and_said() -> None:
    images = ("pixel_values", "bool_masked_pos")
    other = head("masked-im", images, fields=frozenset({"logits"}))
    decision = decide(facts(head("default", images), other))
    assert decision.features == ("default",)
    assert "returns has no reconstruction" in decision.notes[0]


def test_one_side_alone_of_a_two_sided_model_is_left_out_and_said() -> None:
    heads = [head("default", SEQ2SEQ), head("seq2seq-lm", SEQ2SEQ), head("causal-lm", DECODER)]
    decision = decide(facts(*heads))
    assert "causal-lm" not in decision.features
    assert "PloverForCausalLm is one side alone" in decision.notes[0]


def test_a_head_that_two_tasks_list_is_exported_once() -> None:
    """The table of masked models lists bart's translator too."""
    translator = head("seq2seq-lm", SEQ2SEQ)
    masked = replace(translator, task="masked-lm")
    assert "masked-lm" not in decide(facts(head("default", SEQ2SEQ), masked, translator)).features


def test_heads_with_other_inputs_become_exceptions() -> None:
    decision = decide(shapes("own")["encoder whose heads differ"])
    assert [(variant.tasks, variant.inputs) for variant in decision.variants] == [
        (("sequence-classification", "question-answering"), ("input_ids",)),
        (("default", "masked-lm"), ("input_ids", "attention_mask")),
    ]


def test_a_head_without_past_is_no_exception_for_that() -> None:
    heads = [head("default", DECODER), head("causal-lm", DECODER), head("question-answering", TEXT)]
    (variant,) = decide(facts(*heads)).variants
    assert variant.tasks == ("default", "causal-lm", "question-answering")


@pytest.mark.parametrize(
    "parameters",
    [
        ("inputs", "attention_mask"),  # Perceiver
        ("pixel_values", "decoder_input_ids"),  # an image model with a decoder
        ("input_features", "decoder_input_ids"),  # Whisper
        ("input_ids", "bbox", "pixel_values"),  # LayoutLMv3: nothing is held against anything
        (),  # *args, **kwargs
    ],
)
def test_a_model_whose_inputs_cannot_be_made_is_refused(parameters: tuple[str, ...]) -> None:
    with pytest.raises(CannotScaffoldError, match="need a class written by hand"):
        decide(facts(head("default", parameters)))


def test_nothing_is_left_of_a_model_whose_every_head_is_left_out() -> None:
    with pytest.raises(CannotScaffoldError, match="Nothing of PloverConfig can be exported: default is left out"):
        decide(facts(head("default", TEXT, required=("bbox",))))


MEMBERS = [
    # attributes, of transformers' base class, of ours
    (("hidden_size", "num_hidden_layers", "num_attention_heads"), ["num_layers"], []),
    (("hidden_size", "num_layers", "num_attention_heads"), [], []),
    (("n_embd", "n_layer", "n_head"), ["num_layers", "num_attention_heads", "head_dim"], None),
    (
        ("hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads"),
        ["num_layers", "num_attention_heads", "head_dim"],
        [],
    ),
    (
        ("hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim"),
        ["num_layers", "num_attention_heads", "head_dim"],
        [],
    ),
]


@pytest.mark.parametrize(("attributes", "theirs", "ours"), MEMBERS)
def test_what_the_base_class_does_not_find_becomes_a_property(
    attributes: tuple[str, ...], theirs: list[str], ours: list[str] | None
) -> None:
    heads = [head("default", DECODER), head("causal-lm", DECODER)]
    for dialect, expected in (("transformers", theirs), ("own", theirs if ours is None else ours)):
        decision = decide(facts(*heads, attributes=attributes, dialect=dialect))
        assert [member.name for member in decision.members] == expected, dialect


def test_what_nothing_says_is_said() -> None:
    heads = [head("default", DECODER), head("causal-lm", DECODER)]
    notes = decide(facts(*heads, attributes=("hidden_size", "layer_types"))).notes
    assert [note.rpartition(" ")[2] for note in notes[:2]] == ["num_layers.", "num_attention_heads."]
    assert "layers may be of several types" in notes[-1]


def test_what_could_not_be_read_is_said() -> None:
    why = "forward() of PloverForMaskedLM is no plain function (masked-lm)"
    assert decide(facts(head("default", TEXT), unread=(why,))).notes == (
        f"left out, because it could not be read: {why}.",
    )


def test_speech_to_text_takes_sound_and_a_decoders_tokens() -> None:
    decision = decide(shapes("transformers")["speech and text"])
    assert decision.base == "OnnxSeq2SeqConfigWithPast"
    assert decision.features == ("default", "default-with-past", "speech2seq-lm", "speech2seq-lm-with-past")
    assert [variant.inputs for variant in decision.variants] == [("input_features", "decoder_input_ids", PAST)]
    assert decision.axes == (("input_features", ((0, "batch"),)),)


def test_without_the_length_of_what_is_heard_speech_to_text_is_refused() -> None:
    heads = [head(task, SPEECH) for task in ("default", "speech2seq-lm")]
    with pytest.raises(CannotScaffoldError, match="takes input_features, attention_mask, decoder_input_ids"):
        decide(facts(*heads, dialect="transformers"))
