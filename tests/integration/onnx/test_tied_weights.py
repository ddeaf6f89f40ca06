"""Weights that a model uses more than once are in the file once, and the file computes what PyTorch does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
import pytest
import torch
import transformers

import onnx
from transformers_export import tiny
from transformers_export.onnx import FeaturesManager, export, parts_of
from transformers_export.onnx import config as onnx_configuration
from transformers_export.onnx.convert import default_opset, model_files

if TYPE_CHECKING:
    from pathlib import Path

MOST = 1.1
"""How many times its checkpoint a file may be."""


def exported(model_type: str, feature: str, folder: Path, exporter: str, *, half: bool = False) -> tuple[Any, float]:
    """Export a small model of a large vocabulary to `folder`; the model, and the files' size by the checkpoint's."""
    config = tiny.shrink(tiny.start(type(transformers.AutoConfig.for_model(model_type))))
    for part in (config, getattr(config, "decoder", None)):
        if hasattr(part, "vocab_size"):
            part.vocab_size = 40_000
    auto = FeaturesManager.get_model_class_for_feature(feature, model_type=model_type)
    model = tiny.build_model(auto, config)
    model = model.half() if half else model
    model.save_pretrained(folder / "checkpoint")
    for part in parts_of(model, FeaturesManager.get_config(model_type, feature)(model.config)):
        preprocessor = tiny.make_preprocessor(part.model.config, part.model)
        opset = default_opset(part.config, exporter)
        export(preprocessor, part.model, part.config, opset, folder / f"{part.name}.onnx", exporter=exporter)
    files = [file for path in folder.glob("*.onnx") for file in model_files(path)]
    size = sum(file.stat().st_size for file in files)
    return model, size / (folder / "checkpoint" / "model.safetensors").stat().st_size


def difference(model: Any, path: Path) -> float:
    """The largest difference of the logits, beside the largest logit."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    ids = torch.randint(5, 40_000, (2, 11), generator=torch.Generator().manual_seed(1))
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
    given |= {"decoder_input_ids": ids[:, :4], "decoder_attention_mask": torch.ones_like(ids[:, :4])}
    taken = {value.name: given.get(value.name) for value in session.get_inputs()}
    plain = {name: tensor for name, tensor in taken.items() if tensor is not None}
    with torch.no_grad():
        expected = model(**plain).logits.float().numpy()
    kind = np.float16 if model.dtype == torch.float16 else np.float32
    fed = {
        value.name: plain[value.name].numpy() if value.name in plain else np.zeros((2, value.shape[1], 0, 8), kind)
        for value in session.get_inputs()
    }
    (actual,) = session.run(["logits"], fed)
    return float(np.abs(actual - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize(
    ("model_type", "feature", "exporter"),
    [
        ("bert", "masked-lm", "legacy"),  # the embedding, transposed
        ("albert", "masked-lm", "legacy"),  # the same, and layers that share weights
        ("mobilebert", "masked-lm", "legacy"),  # the embedding, joined to another weight
        ("electra", "masked-lm", "legacy"),
        ("gpt2", "causal-lm-with-past", "legacy"),
        ("gemma", "causal-lm", "legacy"),
        ("bart", "seq2seq-lm", "legacy"),  # two embeddings and the head
        ("t5", "seq2seq-lm", "legacy"),
        ("bert", "masked-lm", "dynamo"),
        ("gpt2", "causal-lm-with-past", "dynamo"),
    ],
)
def test_tied_weights_are_stored_once(model_type: str, feature: str, exporter: str, tmp_path: Path) -> None:
    model, ratio = exported(model_type, feature, tmp_path, exporter)
    assert ratio < MOST
    assert difference(model, tmp_path / "model.onnx") < 1e-5


def test_in_half_precision(tmp_path: Path) -> None:
    model, ratio = exported("t5", "seq2seq-lm", tmp_path, "legacy", half=True)
    assert ratio < MOST
    assert difference(model, tmp_path / "model.onnx") < 1e-2


def test_in_a_file_beside_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_configuration, "EXTERNAL_DATA_LIMIT", 1000)
    model, ratio = exported("bert", "masked-lm", tmp_path, "legacy")
    assert (tmp_path / "model.onnx.data").stat().st_size > 1e6
    assert ratio < MOST
    assert difference(model, tmp_path / "model.onnx") < 1e-5


def test_of_an_encoder_and_a_decoder(tmp_path: Path) -> None:
    _, ratio = exported("encoder-decoder", "seq2seq-lm", tmp_path, "legacy")
    assert ratio < MOST


def test_a_weight_that_is_only_multiplied_by_is_stored_as_it_is_multiplied(tmp_path: Path) -> None:
    exported("albert", "masked-lm", tmp_path, "legacy")
    graph = onnx.load(tmp_path / "model.onnx").graph
    weights = {tensor.name for tensor in graph.initializer}
    transposed = [node.input[0] for node in graph.node if node.op_type == "Transpose" and node.input[0] in weights]
    assert transposed == ["model.albert.embeddings.word_embeddings.weight"]
