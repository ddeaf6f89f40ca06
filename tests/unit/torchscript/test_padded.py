"""pad_to, over plain functions: what is padded with what, what is cut, and what is refused."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from transformers_export.torchscript.loading import SizeError, TracedModel
from transformers_export.torchscript.manifest import Manifest, Tensor
from transformers_export.torchscript.padded import pad_to

IDS = Tensor("input_ids", "int64", (3, 6), {0: "batch", 1: "sequence"}, {0: "batch", 1: "sequence"})
MASK = dataclasses.replace(IDS, name="attention_mask")
STATES = Tensor("states", "int64", (3, 6), {0: "batch", 1: "sequence"}, {0: "batch", 1: "sequence"})
SUMMARY = Tensor("summary", "int64", (3,), {0: "batch"}, {0: "batch"})
MANIFEST = Manifest("M", "m", "", "torchscript", True, (IDS, MASK), (STATES, SUMMARY), {}, "shared", pad_token_id=7)

seen: list[tuple[torch.Tensor, ...]] = []


def function(*tensors):
    seen.append(tensors)
    return tensors[0] * 10, tensors[0].sum(-1)


def traced(**changes) -> TracedModel:
    seen.clear()
    return TracedModel(function, dataclasses.replace(MANIFEST, **changes))


def text(*shape) -> dict[str, torch.Tensor]:
    return {
        "input_ids": torch.arange(1, shape[0] * shape[1] + 1).view(shape),
        "attention_mask": torch.ones(shape).long(),
    }


def test_rows_are_repeated_text_is_padded_and_masked_and_outputs_are_cut_back():
    inputs = text(2, 4)
    outputs = pad_to(traced(), inputs)
    ids, mask = seen[0]
    assert ids.tolist() == [[1, 2, 3, 4, 7, 7], [5, 6, 7, 8, 7, 7], [5, 6, 7, 8, 7, 7]]
    assert mask.tolist() == [[1, 1, 1, 1, 0, 0]] * 3
    assert torch.equal(outputs["states"], inputs["input_ids"] * 10)
    assert outputs["summary"].shape == (2,)
    assert inputs["input_ids"].shape == (2, 4)


def test_inputs_of_the_traced_size_are_left_alone():
    inputs = text(3, 6)
    pad_to(traced(), inputs)
    assert seen[0][0] is inputs["input_ids"]


def test_without_a_padding_token_text_is_padded_with_zero():
    pad_to(traced(pad_token_id=None), text(3, 5))
    assert seen[0][0][:, -1].tolist() == [0, 0, 0]


def test_what_is_longer_than_a_fixed_trace_is_refused():
    with pytest.raises(SizeError, match=r"fixed at input_ids \[3, 6\].*, got input_ids \[3, 8\]"):
        pad_to(traced(), text(3, 8))


def test_what_is_longer_than_a_free_trace_is_left_to_it():
    outputs = pad_to(traced(fixed=False), text(4, 5))
    assert seen[0][0].shape == (4, 6)
    assert outputs["states"].shape == (4, 5)


def test_text_without_a_mask_is_refused():
    with pytest.raises(SizeError, match="without an input attention_mask nothing says which positions are padding"):
        pad_to(traced(inputs=(IDS,)), {"input_ids": text(3, 4)["input_ids"]})


def test_an_empty_text_and_an_empty_batch_are_refused():
    for shape in ((3, 0), (0, 6)):
        with pytest.raises(SizeError, match="nothing is there to pad"):
            pad_to(traced(), text(*shape))


@pytest.mark.parametrize("kind", ["past", "free"])
def test_lengths_that_are_no_text_are_refused(kind):
    other = Tensor("pixel_values", "float32", (3, 6), {0: "batch", 1: "height"}, {0: "batch", 1: kind})
    with pytest.raises(SizeError, match=r"pixel_values has height 4 and was traced at 6: only batches and sequences"):
        pad_to(traced(inputs=(other,)), {"pixel_values": torch.zeros(3, 4)})


def test_a_mask_over_past_and_text_is_padded_and_outputs_follow_both():
    past = Tensor("past_key_values.0.key", "float32", (3, 5), {0: "batch", 1: "past"}, {0: "batch", 1: "past"})
    both = Tensor("attention_mask", "int64", (3, 11), {0: "batch", 1: "all"}, {0: "batch", 1: "past+sequence"})
    present = Tensor("present.0.key", "float32", (3, 11), {}, {0: "batch", 1: "past+sequence"})

    def model(ids, cache, mask):
        seen.append((mask,))
        return (torch.cat([cache, ids], 1),)

    grown = TracedModel(model, dataclasses.replace(MANIFEST, inputs=(IDS, past, both), outputs=(present,)))
    seen.clear()
    inputs = {
        "input_ids": torch.ones(2, 4).long(),
        "past_key_values.0.key": torch.zeros(2, 5),
        "attention_mask": torch.ones(2, 9).long(),
    }
    assert pad_to(grown, inputs)["present.0.key"].tolist() == [[0.0] * 5 + [1.0] * 4] * 2
    assert seen[0][0].tolist() == [[1] * 9 + [0] * 2] * 3


def test_an_output_of_which_nothing_is_known_is_refused():
    odd = dataclasses.replace(STATES, kinds={0: "batch", 1: "free"})
    with pytest.raises(SizeError, match="What decides axis 1 of states is not known"):
        pad_to(traced(outputs=(odd, SUMMARY)), text(3, 4))


def test_missing_and_unknown_inputs_are_named():
    with pytest.raises(TypeError, match=r"\['attention_mask'\] are missing"):
        pad_to(traced(), {"input_ids": text(3, 4)["input_ids"]})
    with pytest.raises(TypeError, match=r"it does not take \['colour'\]"):
        pad_to(traced(), {**text(3, 4), "colour": torch.zeros(1)})


def test_calling_by_position_by_name_and_wrongly():
    inputs = text(3, 6)
    by_name, by_position = traced()(**inputs), traced()(*inputs.values())
    assert list(by_name) == ["states", "summary"]
    assert all(torch.equal(by_name[name], by_position[name]) for name in by_name)
    with pytest.raises(TypeError, match=r"\['input_ids'\] came twice"):
        traced()(inputs["input_ids"], **inputs)
    with pytest.raises(TypeError, match="3 tensors came"):
        traced()(*inputs.values(), inputs["input_ids"])
