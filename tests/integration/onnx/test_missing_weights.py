"""Checkpoints without the weights of what is asked for: refused by name, unless no output depends on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
import transformers

from transformers_export import tiny
from transformers_export.onnx import FeaturesManager
from transformers_export.onnx.command import main
from transformers_export.onnx.missing import MissingWeightsError
from transformers_export.torchscript.command import main as trace

if TYPE_CHECKING:
    from pathlib import Path

_SAVED_AS = {
    "bert": (transformers.BertConfig, transformers.AutoModelForMaskedLM, "sequence-classification", "masked-lm"),
    "gpt2": (transformers.GPT2Config, transformers.AutoModelForCausalLM, "token-classification", "causal-lm"),
    "vit": (transformers.ViTConfig, transformers.AutoModel, "image-classification", "default"),
}
"""Each: the configuration, the class the checkpoint is saved from, a feature it has no head for, and its own."""


def _save(config: Any, auto_class: Any, directory: Path) -> Any:
    config = tiny.shrink(config)
    model = tiny.build_model(auto_class, config)
    tiny.save_checkpoint(model, tiny.make_preprocessor(config, model), directory)
    return model


@pytest.mark.parametrize("model_type", _SAVED_AS)
def test_a_head_that_the_checkpoint_lacks_is_named_and_nothing_is_written(
    model_type: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, auto_class, feature, own = _SAVED_AS[model_type]
    _save(config(), auto_class, tmp_path / "checkpoint")
    arguments = ["--model", str(tmp_path / "checkpoint"), "--feature", feature]

    for command in (main, trace):
        code = command([*arguments, str(tmp_path / "out")])
        said = capsys.readouterr().err
        assert code == 2, said
        assert "has no weights for" in said
        assert "classifier" in said
        assert f"ask for --feature {own}, or allow random weights with --allow-missing-weights" in said
    assert list((tmp_path / "out").iterdir()) == []


def test_the_library_raises_and_an_argument_allows_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _save(transformers.BertConfig(), transformers.AutoModel, tmp_path)
    with pytest.raises(MissingWeightsError, match=r"qa_outputs\.bias, qa_outputs\.weight of BertForQuestionAnswering"):
        FeaturesManager.get_model_from_feature("question-answering", str(tmp_path))
    loaded = FeaturesManager.get_model_from_feature("question-answering", str(tmp_path), allow_missing_weights=True)
    assert type(loaded) is transformers.BertForQuestionAnswering
    assert (
        "no weights for qa_outputs.bias, qa_outputs.weight of BertForQuestionAnswering: they are random" in caplog.text
    )


def test_the_command_says_that_weights_are_random_where_that_is_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _save(transformers.ElectraConfig(), transformers.AutoModel, tmp_path / "electra")
    arguments = ["--model", str(tmp_path / "electra"), "--feature", "token-classification", "--exporter", "legacy"]
    code = main([*arguments, "--allow-missing-weights", str(tmp_path / "out")])
    said = capsys.readouterr()
    assert code == 0, said.err
    assert "has no weights for classifier.bias, classifier.weight of ElectraForTokenClassification" in said.out


@pytest.mark.parametrize(
    ("config", "auto_class"),
    [
        (transformers.BertConfig, transformers.AutoModelForMaskedLM),
        (transformers.RobertaConfig, transformers.AutoModelForTokenClassification),
        (transformers.ViTConfig, transformers.AutoModelForImageClassification),
    ],
)
def test_a_pooler_that_the_checkpoint_lacks_is_left_out(config: Any, auto_class: Any, tmp_path: Path) -> None:
    saved = _save(config(), auto_class, tmp_path / "checkpoint")
    loaded = FeaturesManager.get_model_from_feature("default", str(tmp_path / "checkpoint"))
    assert loaded.pooler is None
    weights = loaded.state_dict()
    assert all(torch.equal(weights[name], tensor) for name, tensor in saved.base_model.state_dict().items())


@pytest.mark.parametrize("config", [transformers.Wav2Vec2Config, transformers.HubertConfig])
def test_weights_that_only_training_uses_may_be_missing(
    config: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    saved = _save(config(mask_time_prob=0.05), transformers.AutoModelForCTC, tmp_path)
    kept = {name: tensor for name, tensor in saved.state_dict().items() if not name.endswith("masked_spec_embed")}
    assert len(kept) == len(saved.state_dict()) - 1
    saved.save_pretrained(tmp_path, state_dict=kept)
    caplog.set_level("INFO")
    FeaturesManager.get_model_from_feature("ctc", str(tmp_path))
    assert "masked_spec_embed; no output depends on them" in caplog.text


def test_running_statistics_that_are_missing_are_weights(tmp_path: Path) -> None:
    saved = _save(transformers.ResNetConfig(), transformers.AutoModelForImageClassification, tmp_path)
    kept = {name: tensor for name, tensor in saved.state_dict().items() if not name.endswith("running_mean")}
    saved.save_pretrained(tmp_path, state_dict=kept)
    with pytest.raises(MissingWeightsError, match="running_mean"):
        FeaturesManager.get_model_from_feature("image-classification", str(tmp_path))


@pytest.mark.parametrize(
    ("config", "auto_class", "feature"),
    [
        (transformers.GPT2Config, transformers.AutoModel, "causal-lm"),
        (transformers.T5Config, transformers.AutoModel, "seq2seq-lm"),
        (transformers.BartConfig, transformers.AutoModel, "seq2seq-lm"),
        (transformers.AlbertConfig, transformers.AutoModelForMaskedLM, "masked-lm"),
    ],
)
def test_tied_weights_are_not_missing(config: Any, auto_class: Any, feature: str, tmp_path: Path) -> None:
    saved = _save(config(), auto_class, tmp_path)
    loaded = FeaturesManager.get_model_from_feature(feature, str(tmp_path))
    assert torch.equal(loaded.get_input_embeddings().weight, saved.get_input_embeddings().weight)


@pytest.mark.parametrize(
    ("config", "changed"),
    [(transformers.BertConfig, "vocab_size"), (transformers.OPTConfig, "ffn_dim"), (transformers.T5Config, "d_ff")],
)
def test_weights_of_another_size_are_named(config: Any, changed: str, tmp_path: Path) -> None:
    saved = _save(config(), transformers.AutoModel, tmp_path)
    setattr(saved.config, changed, getattr(saved.config, changed) * 2)
    saved.config.save_pretrained(tmp_path)
    with pytest.raises(MissingWeightsError, match=r"it holds .* as \[.*\], the model takes \["):
        FeaturesManager.get_model_from_feature("default", str(tmp_path))
