from __future__ import annotations

import copy
import importlib

import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForImageClassification, EncoderDecoderConfig

from support.tiny_models import (
    LatticeConfig,
    LatticeModel,
    OrphanConfig,
    StubbornConfig,
    StubbornModel,
    WeirConfig,
    WeirModel,
)
from transformers_export.cases.failure import describe
from transformers_export.tiny import CannotShrink, build_model, shrink
from transformers_export.tiny.inputs import made_inputs
from transformers_export.tiny.models import model_class_of

MAIN = ["bert", "distilbert", "gpt2", "bart", "t5", "vit"]
OTHERS = """
    albert beit big_bird bigbird_pegasus blenderbot blenderbot-small camembert convbert data2vec-text data2vec-vision
    deit electra flaubert gpt_neo gptj ibert layoutlm m2m_100 marian mbart mobilebert perceiver plbart roberta roformer
    squeezebert xlm xlm-roberta xlm-roberta-xl llama mistral mixtral swin clip_text_model whisper wav2vec2 segformer
"""


def parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("model_type", MAIN + OTHERS.split())
def test_a_small_model_of_a_library_configuration_runs(model_type):
    config = AutoConfig.for_model(model_type)
    small = shrink(config)
    model = build_model(model_class_of(config), small)
    with torch.no_grad():
        output = model(**made_inputs(model))[0]
    assert torch.isfinite(output).all()
    assert 0.1 < output.std() < 30
    assert parameters(model) < 1_000_000


@pytest.mark.parametrize("model_type", MAIN)
def test_constraints_are_kept(model_type):
    config = AutoConfig.for_model(model_type)
    before = config.to_dict()
    small = shrink(config)
    assert config.to_dict() == before, "the original was changed"
    assert type(small) is type(config)
    assert small.hidden_size == 32
    assert small.hidden_size % small.num_attention_heads == 0
    assert small.num_hidden_layers == 2
    if model_type == "vit":
        assert small.image_size % small.patch_size == 0
        return
    assert small.vocab_size == 100
    tokens = {k: v for k, v in small.to_dict().items() if k.endswith("token_id") and isinstance(v, int)}
    assert all(0 <= token < small.vocab_size for token in tokens.values())
    assert getattr(small, "max_position_embeddings", 64) >= 64


@pytest.mark.parametrize("model_type", MAIN)
def test_a_small_configuration_survives_being_saved(model_type, tmp_path):
    small = shrink(AutoConfig.for_model(model_type))
    small.save_pretrained(tmp_path)
    loaded = AutoConfig.from_pretrained(tmp_path)
    before, after = small.to_dict(), loaded.to_dict()
    assert {k: v for k, v in after.items() if k != "_name_or_path" and v != before.get(k)} == {}


def test_labels_and_other_settings_are_kept():
    config = AutoConfig.for_model("bert", num_labels=5, hidden_act="relu", is_decoder=True)
    small = shrink(config)
    assert (small.num_labels, small.hidden_act, small.is_decoder) == (5, "relu", True)


def test_sub_configurations_are_shrunk_too():
    encoder = AutoConfig.for_model("bert")
    decoder = AutoConfig.for_model("gpt2", add_cross_attention=True, is_decoder=True)
    small = shrink(EncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder))
    assert small.encoder.hidden_size == small.decoder.hidden_size == 32
    assert small.encoder.num_hidden_layers == small.decoder.num_hidden_layers == 2


def test_grouped_heads_and_explicit_head_sizes():
    config = AutoConfig.for_model("llama", hidden_size=4096, num_attention_heads=32, num_key_value_heads=8)
    small = shrink(config)
    assert 1 < small.num_key_value_heads < small.num_attention_heads
    assert small.head_dim * small.num_attention_heads == small.hidden_size


def test_one_layer_of_each_kind_stays():
    config = AutoConfig.for_model("gpt_neo")
    assert shrink(config).attention_layers == ["global", "local"]


def test_an_unknown_configuration_with_field_names_of_its_own():
    config = LatticeConfig(pad_token_id=30005)
    small = shrink(config)
    assert small.lexicon == 100
    assert small.breadth <= 64
    assert small.storeys == 2
    assert small.breadth % small.prongs == 0
    assert small.prong_breadth == small.breadth // small.prongs
    assert 64 <= small.reach <= 512
    assert small.pad_token_id < small.lexicon
    assert parameters(build_model(LatticeModel, small)) < 60_000


def test_an_unknown_configuration_with_a_kind_for_each_layer_and_a_nested_part():
    small = shrink(WeirConfig())
    assert small.tier_kinds == ["still", "swift"]
    assert small.tiers == 2
    assert small.girth % small.gates == 0
    assert small.girth < 512
    assert small.basin["girth"] == small.girth
    assert parameters(build_model(WeirModel, small)) < 60_000


def test_what_cannot_be_shrunk_says_why():
    assert StubbornModel.config_class is StubbornConfig
    with pytest.raises(CannotShrink, match=r"StubbornConfig.*StubbornModel.*breadth.*a stubborn model is 6144 wide"):
        shrink(StubbornConfig())


REFUSING = """
from transformers import PretrainedConfig, PreTrainedModel


class PebbleConfig(PretrainedConfig):
    model_type = "pebble"

    def __init__(self, num_hidden_layers=9, **kwargs):
        self.num_hidden_layers = num_hidden_layers
        super().__init__(**kwargs)


class PebbleModel(PreTrainedModel):
    config_class = PebbleConfig

    def __init__(self, config):
        super().__init__(config)
        check(config)


def check(config):
    raise RuntimeError("a pebble is never built")
"""


def test_what_cannot_be_shrunk_names_the_line_that_refused(tmp_path, monkeypatch):
    (tmp_path / "pebbles").mkdir()
    (tmp_path / "pebbles" / "modeling_pebble.py").write_text(REFUSING)
    monkeypatch.syspath_prepend(str(tmp_path))
    pebbles = importlib.import_module("pebbles.modeling_pebble")
    with pytest.raises(CannotShrink, match=r"a pebble is never built \(pebbles/modeling_pebble\.py:22\)") as caught:
        shrink(pebbles.PebbleConfig(), model_class=pebbles.PebbleModel)
    assert any("modeling_pebble.py:22 in check" in frame for frame in describe(caught.value).frames)


def test_a_line_of_transformers_models_is_named_too():
    config = AutoConfig.for_model("bert", hidden_act="no such function")
    with pytest.raises(CannotShrink, match=r"\(transformers/models/bert/modeling_bert\.py:\d+\)"):
        shrink(config)


def test_a_configuration_that_does_not_build_as_it_is_says_so():
    config = LatticeConfig()
    config.prong_breadth = None
    config.breadth = 7
    with pytest.raises(CannotShrink, match=r"prongs \(12\) must divide breadth \(7\)"):
        shrink(config)


def test_a_configuration_without_a_model_says_how_to_register_one():
    with pytest.raises(CannotShrink, match=r"OrphanConfig.*AutoModel\.register"):
        shrink(OrphanConfig())


@pytest.mark.parametrize("model_type", ["deit", "perceiver"])
def test_auto_classes_take_a_small_configuration(model_type):
    auto_class = AutoModelForImageClassification
    small = shrink(AutoConfig.for_model(model_type))
    model = auto_class.from_config(copy.deepcopy(small))
    assert model.num_parameters() > 0
    assert build_model(auto_class, small).config.architectures == [type(model).__name__]


def test_shrinking_what_is_small_changes_nothing_more():
    small = shrink(AutoConfig.for_model("bert"))
    again = shrink(small)
    assert again.to_dict() == small.to_dict()
    assert isinstance(build_model(AutoModel, again), model_class_of(small))
