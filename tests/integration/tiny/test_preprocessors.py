from __future__ import annotations

import sys

import pytest
import torch
from PIL import Image
from transformers import (
    AutoConfig,
    AutoFeatureExtractor,
    AutoImageProcessor,
    AutoModel,
    AutoModelForImageClassification,
    AutoModelForMaskedLM,
    AutoTokenizer,
)

from transformers_export.tiny import build_model, make_preprocessor, save_checkpoint, shrink

TEXT = ["bert", "distilbert", "gpt2", "bart", "t5", "roberta", "xlm", "marian", "llama"]


def checkpoint(model_type, folder, auto=AutoModel):
    config = shrink(AutoConfig.for_model(model_type))
    model = build_model(auto, config)
    save_checkpoint(model, make_preprocessor(config, model), folder)
    return model


@pytest.mark.parametrize("model_type", TEXT)
def test_a_tokenizer_saves_loads_and_feeds_the_model(model_type, tmp_path):
    model = checkpoint(model_type, tmp_path / "new" / "folder")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "new" / "folder")
    loaded = AutoModel.from_pretrained(tmp_path / "new" / "folder")
    batch = tokenizer(["baba badi bafo bagu", "bama"], padding=True, return_tensors="pt")
    assert batch["input_ids"].max() < model.config.vocab_size
    assert len(tokenizer) == model.config.vocab_size
    assert batch["attention_mask"].tolist()[1].count(0) == 3
    extra = {"decoder_input_ids": batch["input_ids"]} if model.config.is_encoder_decoder else {}
    with torch.no_grad():
        expected, found = model(**batch, **extra)[0], loaded(**batch, **extra)[0]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("model_type", TEXT)
def test_special_tokens_have_the_ids_the_configuration_names(model_type):
    config = shrink(AutoConfig.for_model(model_type))
    tokenizer = make_preprocessor(config)
    for role in ("pad", "bos", "eos", "cls", "sep", "mask", "unk"):
        named = getattr(config, f"{role}_token_id", None)
        if isinstance(named, int):
            assert getattr(tokenizer, f"{role}_token_id") == named
        found = getattr(tokenizer, f"{role}_token_id")
        assert found is None or 0 <= found < config.vocab_size
    assert tokenizer.pad_token_id is not None
    assert tokenizer.unk_token_id is not None


def test_older_configurations_name_tokens_by_index():
    config = shrink(AutoConfig.for_model("xlm"))
    assert make_preprocessor(config).unk_token_id == config.unk_index


def test_a_line_of_unknown_tokens_has_as_many_tokens_as_were_written():
    tokenizer = make_preprocessor(shrink(AutoConfig.for_model("bert")))
    length = 8 - tokenizer.num_special_tokens_to_add(pair=False)
    batch = tokenizer([" ".join([tokenizer.unk_token]) * length] * 2)
    assert [len(row) for row in batch["input_ids"]] == [8, 8]


def test_pairs_get_two_token_types():
    tokenizer = make_preprocessor(shrink(AutoConfig.for_model("bert")))
    assert set(tokenizer("baba", "badi")["token_type_ids"]) == {0, 1}


@pytest.mark.parametrize(
    ("model_type", "names"),
    [
        ("bert", {"input_ids", "token_type_ids", "attention_mask"}),
        ("distilbert", {"input_ids", "attention_mask"}),
        ("gpt2", {"input_ids", "attention_mask"}),
    ],
)
def test_the_tokenizer_gives_what_forward_takes(model_type, names):
    tokenizer = make_preprocessor(shrink(AutoConfig.for_model(model_type)))
    assert set(tokenizer("baba")) == names


@pytest.mark.parametrize("model_type", ["vit", "beit", "deit"])
def test_an_image_processor_saves_loads_and_feeds_the_model(model_type, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    model = checkpoint(model_type, tmp_path)
    processor = AutoImageProcessor.from_pretrained(tmp_path, use_fast=False)
    batch = processor(Image.new("RGB", (60, 50), "teal"), return_tensors="pt")
    side = model.config.image_size
    assert batch["pixel_values"].shape == (1, 3, side, side)
    with torch.no_grad():
        assert torch.isfinite(model(**batch)[0]).all()


@pytest.mark.parametrize(
    ("auto", "kind"), [(AutoModelForMaskedLM, "input_ids"), (AutoModelForImageClassification, "pixel_values")]
)
def test_one_configuration_with_models_for_text_and_images(auto, kind):
    config = shrink(AutoConfig.for_model("perceiver"))
    processor = make_preprocessor(config, build_model(auto, config))
    data = "baba" if kind == "input_ids" else Image.new("RGB", (60, 50))
    assert kind in processor(data)


@pytest.mark.parametrize(("model_type", "name"), [("wav2vec2", "input_values"), ("whisper", "input_features")])
def test_a_feature_extractor_saves_loads_and_feeds_the_model(model_type, name, tmp_path):
    model = checkpoint(model_type, tmp_path)
    extractor = AutoFeatureExtractor.from_pretrained(tmp_path)
    batch = extractor([0.1, -0.1] * 4000, sampling_rate=16000, return_tensors="pt")
    extra = {"decoder_input_ids": torch.tensor([[1, 2]])} if model.config.is_encoder_decoder else {}
    with torch.no_grad():
        assert torch.isfinite(model(**{name: batch[name]}, **extra)[0]).all()


def test_a_configuration_of_full_size_gets_a_tokenizer_too(tmp_path):
    config = AutoConfig.for_model("bart", mask_token_id=50264)
    make_preprocessor(config).save_pretrained(tmp_path)
    config.save_pretrained(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    assert (tokenizer.eos_token_id, tokenizer.mask_token_id) == (config.eos_token_id, 50264)
    assert max(tokenizer("baba badi")["input_ids"]) < config.vocab_size
