"""What single architectures need of the exporter beyond its common way, and the command on a checkpoint of each."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import torch
import transformers

from support.architectures import FIRST
from transformers_export import tiny
from transformers_export.cases.providers import configuration_class
from transformers_export.models.big_bird.configuration_big_bird import BigBirdOnnxConfig
from transformers_export.models.layoutlm.configuration_layoutlm import LayoutLMOnnxConfig
from transformers_export.models.m2m_100.configuration_m2m_100 import M2M100OnnxConfig
from transformers_export.models.perceiver.configuration_perceiver import PerceiverOnnxConfig
from transformers_export.onnx import FeaturesManager, export, files
from transformers_export.onnx.command import main
from transformers_export.onnx.flat import prepared
from transformers_export.onnx.inputs import Sizes, make_inputs, template_inputs
from transformers_export.onnx.validation.runs import open_session, run_graph

if TYPE_CHECKING:
    from pathlib import Path

IN_PROCESSES_OF_THEIR_OWN = ("bart", "bert", "deit", "gpt2", "perceiver")


def _checkpoint(model_type: str, feature: str, directory: Path) -> Path:
    config = tiny.shrink(tiny.start(configuration_class(model_type)))
    model = tiny.build_model(FeaturesManager.get_model_class_for_feature(feature, model_type=model_type), config)
    tiny.save_checkpoint(model, tiny.make_preprocessor(config, model), directory)
    return directory


@pytest.mark.parametrize("model_type", FIRST)
def test_the_command_exports_a_checkpoint_of_each(
    model_type: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feature = FeaturesManager.features_of(model_type)[0]
    checkpoint = _checkpoint(model_type, feature, tmp_path / "checkpoint")
    arguments = ["--model", str(checkpoint), "--feature", feature, "--exporter", "legacy", str(tmp_path / "out")]
    code = main(arguments)
    said = capsys.readouterr()
    assert code == 0, said
    overridden = "made with attention_type='original_full'; the checkpoint has 'block_sparse'" in said.out
    assert overridden == (model_type in ("big-bird", "bigbird-pegasus"))
    assert (tmp_path / "out" / "model.onnx").is_file()


@pytest.mark.parametrize("model_type", IN_PROCESSES_OF_THEIR_OWN)
def test_the_command_exports_the_last_feature_in_a_process_of_its_own(model_type: str, tmp_path: Path) -> None:
    feature = FeaturesManager.features_of(model_type)[-1]
    checkpoint = _checkpoint(model_type, feature, tmp_path / "checkpoint")
    arguments = ["--model", str(checkpoint), "--feature", feature, "--exporter", "legacy", str(tmp_path / "out")]
    command = [sys.executable, "-m", "transformers_export.onnx", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "model.onnx").is_file()


def test_a_feature_no_auto_class_leads_to_loads_its_own_class(tmp_path: Path) -> None:
    checkpoint = _checkpoint("flaubert", "causal-lm", tmp_path / "flaubert")
    loaded = FeaturesManager.get_model_from_feature("causal-lm", str(checkpoint))
    assert type(loaded) is transformers.FlaubertWithLMHeadModel
    checkpoint = _checkpoint("gpt2", "causal-lm", tmp_path / "gpt2")
    assert type(FeaturesManager.get_model_from_feature("causal-lm", str(checkpoint))) is transformers.GPT2LMHeadModel


def _sparse_big_bird() -> Any:
    config = tiny.shrink(transformers.BigBirdConfig())
    config.block_size, config.num_random_blocks = 2, 1  # sparse from 15 tokens
    return tiny.build_model(transformers.AutoModel, config)


def test_block_sparse_attention_is_full_in_the_graph_and_as_before_in_the_model(tmp_path: Path) -> None:
    model = _sparse_big_bird()
    onnx_config = BigBirdOnnxConfig(model.config)
    preprocessor = tiny.make_preprocessor(model.config, model)
    path = tmp_path / "model.onnx"

    export(preprocessor, model, onnx_config, 18, path, exporter="legacy")

    assert (model.config.attention_type, model.attention_type) == ("block_sparse", "block_sparse")
    inputs = make_inputs(onnx_config, template_inputs(onnx_config, preprocessor), Sizes(batch=3, sequence=40))
    with prepared(model, onnx_config) as flat:
        (full,) = flat(*inputs.values())
    with torch.no_grad():
        sparse = model(**inputs).last_hidden_state
    session = open_session(files.read_message(path), path.parent)
    graph = run_graph(session, {name: tensor.numpy() for name, tensor in inputs.items()})
    assert abs(graph["last_hidden_state"] - full.numpy()).max() < 1e-4
    assert abs(graph["last_hidden_state"] - sparse.numpy()).max() > 0.1


def test_layers_that_training_skips_are_in_the_graph(tmp_path: Path) -> None:
    config = tiny.shrink(transformers.M2M100Config())
    config.decoder_layerdrop = 1.0
    model = tiny.build_model(transformers.AutoModel, config)
    onnx_config = M2M100OnnxConfig(model.config, use_past=True)
    preprocessor = tiny.make_preprocessor(config, model)
    _, outputs = export(preprocessor, model, onnx_config, 18, tmp_path / "model.onnx", exporter="legacy")
    assert outputs == list(onnx_config.outputs)


def test_boxes_are_boxes() -> None:
    config = tiny.shrink(transformers.LayoutLMConfig())
    model = tiny.build_model(transformers.AutoModel, config)
    onnx_config = LayoutLMOnnxConfig(config)
    template = template_inputs(onnx_config, tiny.make_preprocessor(config, model))
    boxes = make_inputs(onnx_config, template, Sizes(batch=3, sequence=13))["bbox"]
    left, top, right, bottom = boxes.unbind(-1)
    assert boxes.shape == (3, 13, 4)
    assert bool((left <= right).all() and (top <= bottom).all() and (boxes < config.max_2d_position_embeddings).all())
    assert boxes.flatten(0, 1).unique(dim=0).shape[0] > 10


def _drawn(model_type: str, sizes: Sizes) -> tuple[Any, dict[str, torch.Tensor]]:
    config = tiny.shrink(tiny.start(configuration_class(model_type)))
    feature = FeaturesManager.features_of(model_type)[0]
    model = tiny.build_model(FeaturesManager.get_model_class_for_feature(feature, model_type=model_type), config)
    onnx_config = FeaturesManager.get_config(model_type, feature)(config)
    template = template_inputs(onnx_config, tiny.make_preprocessor(config, model))
    return config, make_inputs(onnx_config, template, sizes)


def test_paths_of_tags_are_within_their_tables() -> None:
    config, drawn = _drawn("markuplm", Sizes(batch=3, sequence=13))
    for name, most in (
        ("xpath_tags_seq", config.max_xpath_tag_unit_embeddings),
        ("xpath_subs_seq", config.max_xpath_subs_unit_embeddings),
    ):
        assert drawn[name].shape == (3, 13, config.max_depth)
        assert (int(drawn[name].min()) >= 0, int(drawn[name].max()) < most) == (True, True)
        assert drawn[name].unique().numel() > 5


def test_prompts_have_points_of_every_kind() -> None:
    _, drawn = _drawn("sam", Sizes(batch=3))
    assert drawn["input_points"].shape == (*drawn["input_labels"].shape, 2)
    assert drawn["input_labels"].unique().tolist() == [-1, 0, 1]


def test_regions_are_masked_too() -> None:
    _, drawn = _drawn("visual-bert", Sizes(batch=3))
    assert drawn["visual_attention_mask"].sum(dim=1).tolist() == [4, 4, 4]


def test_steps_of_a_game_vary_in_number_and_are_padded() -> None:
    config, drawn = _drawn("decision-transformer", Sizes(batch=3, sequence=11, padding="right"))
    assert drawn["states"].shape == (3, 11, config.state_dim)
    assert drawn["attention_mask"].sum(dim=1).tolist() == [6, 11, 11]


@pytest.mark.parametrize("model_type", ["decision-transformer", "patchtst"])
def test_the_command_exports_models_of_numbers_without_a_preprocessor(
    model_type: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = _checkpoint(model_type, "default", tmp_path / "checkpoint")
    assert sorted(file.name for file in checkpoint.iterdir()) == ["config.json", "model.safetensors"]
    code = main(["--model", str(checkpoint), "--exporter", "legacy", str(tmp_path / "out")])
    assert code == 0, capsys.readouterr()


def test_bytes_named_inputs_are_drawn_as_tokens_and_padded() -> None:
    config = tiny.shrink(transformers.PerceiverConfig())
    model = tiny.build_model(transformers.AutoModelForMaskedLM, config)
    onnx_config = PerceiverOnnxConfig(config, task="masked-lm")
    template = template_inputs(onnx_config, tiny.make_preprocessor(config, model))
    drawn = make_inputs(onnx_config, template, Sizes(batch=4, sequence=20, padding="right"))
    rows = drawn["inputs"].unique(dim=0)
    assert rows.shape == (4, 20)
    assert drawn["attention_mask"][0, 10:].sum() == 0


@pytest.mark.parametrize("model_type", ["beit", "dpt"])
def test_a_model_that_was_prepared_computes_as_before(model_type: str) -> None:
    """Models of images read the states of their layers, which transformers collects by hooks of the first forward."""
    config = tiny.shrink(tiny.start(configuration_class(model_type)))
    model = tiny.build_model(transformers.AutoModelForSemanticSegmentation, config)
    onnx_config = FeaturesManager.get_config(model_type, "semantic-segmentation")(model.config)
    template = template_inputs(onnx_config, tiny.make_preprocessor(config, model), model)
    inputs = make_inputs(onnx_config, template, Sizes(batch=2))
    with prepared(model, onnx_config) as flat:
        first = flat(*inputs.values())
    with prepared(model, onnx_config) as flat:
        second = flat(*inputs.values())
    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


def test_what_a_model_caches_while_it_is_prepared_is_forgotten() -> None:
    """LeViT keeps its attention biases in a dictionary: while a graph is captured, they are no real tensors."""
    config = tiny.shrink(tiny.start(configuration_class("levit")))
    model = tiny.build_model(transformers.AutoModel, config)
    onnx_config = FeaturesManager.get_config("levit", "default")(model.config)
    template = template_inputs(onnx_config, tiny.make_preprocessor(config, model), model)
    with prepared(model, onnx_config) as flat:
        flat(*make_inputs(onnx_config, template, Sizes(batch=2)).values())
        assert any(vars(module).get("attention_bias_cache") for module in model.modules())
    assert not any(vars(module).get("attention_bias_cache") for module in model.modules())
