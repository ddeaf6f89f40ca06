from __future__ import annotations

import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, AutoModelForSeq2SeqLM, LlamaModel

from support.tiny_models import influence
from transformers_export.tiny import build_model, shrink
from transformers_export.tiny.inputs import made_inputs
from transformers_export.tiny.models import construct, resolve
from transformers_export.tiny.weights import NUDGE

INPUTS = [
    *[("bert", name) for name in ("input_ids", "attention_mask", "token_type_ids")],
    *[("distilbert", name) for name in ("input_ids", "attention_mask")],
    *[("gpt2", name) for name in ("input_ids", "attention_mask")],
    *[("bart", name) for name in ("input_ids", "attention_mask", "decoder_input_ids")],
    *[("t5", name) for name in ("input_ids", "attention_mask", "decoder_input_ids")],
    ("vit", "pixel_values"),
]
VISIBLE = 0.05
"""Share of the output's spread: thousands of times an absolute tolerance of 1e-5."""


def inputs_for(model):
    inputs = made_inputs(model)
    if getattr(model.config, "type_vocab_size", 1) > 1:
        inputs["token_type_ids"] = torch.zeros_like(inputs["input_ids"])
    return inputs


@pytest.mark.parametrize(("model_type", "name"), INPUTS)
def test_every_input_shows_in_the_output(model_type, name):
    model = build_model(AutoModel, shrink(AutoConfig.for_model(model_type)))
    assert influence(model, inputs_for(model), name) > VISIBLE


@pytest.mark.parametrize("name", ["input_ids", "attention_mask", "token_type_ids"])
def test_default_weights_would_hide_an_ignored_input(name):
    config = shrink(AutoConfig.for_model("bert"))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        default = construct(resolve(AutoModel, config), config).eval()
    assert influence(default, inputs_for(default), name) < VISIBLE / 5


def test_equal_seeds_give_equal_weights_and_leave_the_random_state_alone():
    config = shrink(AutoConfig.for_model("bert"))
    state = torch.get_rng_state()
    first, second, other = (build_model(AutoModel, config, seed=seed).state_dict() for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize(("auto", "model_type"), [(AutoModelForMaskedLM, "bert"), (AutoModelForSeq2SeqLM, "t5")])
def test_tied_weights_stay_tied(auto, model_type):
    model = build_model(auto, shrink(AutoConfig.for_model(model_type)))
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


def test_norms_stay_near_one_and_buffers_as_they_were():
    config = shrink(AutoConfig.for_model("llama"))
    model = build_model(LlamaModel, config)
    plain = construct(LlamaModel, config)
    norm = model.layers[0].input_layernorm.weight
    assert 0 < (norm - 1).abs().max() < 6 * NUDGE
    buffers = dict(plain.named_buffers())
    assert buffers
    assert all(torch.equal(buffers[name], value) for name, value in model.named_buffers())


def test_the_padding_row_stays_zero():
    model = build_model(AutoModel, shrink(AutoConfig.for_model("bert")))
    table = model.get_input_embeddings()
    assert table.weight[table.padding_idx].abs().max() == 0
    assert table.weight.std() > 0.3


def test_fixed_sinusoids_are_not_drawn_again():
    config = shrink(AutoConfig.for_model("distilbert", sinusoidal_pos_embds=True))
    table = build_model(AutoModel, config).embeddings.position_embeddings
    plain = construct(resolve(AutoModel, config), config).embeddings.position_embeddings
    assert table.weight.requires_grad is plain.weight.requires_grad
    assert table.weight.requires_grad or torch.equal(table.weight, plain.weight)


def test_the_model_is_ready_to_run_and_the_configuration_is_not_kept():
    config = shrink(AutoConfig.for_model("bert", dtype="bfloat16"))
    model = build_model(AutoModel, config, attn_implementation="eager")
    assert not model.training
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert model.config._attn_implementation == "eager"
    assert vars(config).get("_attn_implementation_internal") is None


def test_an_auto_class_without_a_model_for_the_configuration_says_so():
    with pytest.raises(ValueError, match=r"AutoModelForSeq2SeqLM has no model for BertConfig\. Register one"):
        build_model(AutoModelForSeq2SeqLM, shrink(AutoConfig.for_model("bert")))
