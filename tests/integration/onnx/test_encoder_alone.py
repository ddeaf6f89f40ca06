"""Checkpoints of one encoder of a larger model: the encoder is exported, and nothing is drawn at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
import transformers

from transformers_export import tiny
from transformers_export.onnx import FeaturesManager, files
from transformers_export.onnx.command import main
from transformers_export.onnx.validation.runs import open_session, run_graph
from transformers_export.torchscript import load
from transformers_export.torchscript.command import main as trace

if TYPE_CHECKING:
    from pathlib import Path

_ENCODERS = {
    "T5EncoderModel": ["last_hidden_state"],
    "UMT5EncoderModel": ["last_hidden_state"],
    "CLIPTextModelWithProjection": ["text_embeds", "last_hidden_state"],
    "CLIPVisionModelWithProjection": ["image_embeds", "last_hidden_state"],
    "DPRContextEncoder": ["pooler_output"],
}


@pytest.mark.parametrize(
    ("name", "exporter"), [*((name, "legacy") for name in _ENCODERS), ("T5EncoderModel", "dynamo")]
)
def test_the_file_computes_what_the_encoder_computes(
    name: str, exporter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model_class = getattr(transformers, name)
    config = tiny.shrink(model_class.config_class())
    model = model_class(config).eval()
    tiny.save_checkpoint(model, tiny.make_preprocessor(config, model), tmp_path / "checkpoint")
    arguments = ["--model", str(tmp_path / "checkpoint")]

    code = main([*arguments, "--exporter", exporter, str(tmp_path / "model.onnx")])

    said = capsys.readouterr()
    assert code == 0, said
    assert f"The checkpoint is a {name} alone" in said.out
    session = open_session(files.read_message(tmp_path / "model.onnx"), tmp_path)
    names = [value.name for value in session.get_inputs()]
    if "pixel_values" in names:
        size = config.image_size
        given = {"pixel_values": torch.randn(3, 3, size, size, generator=torch.Generator().manual_seed(0))}
    else:
        given = {key: torch.ones(3, 7, dtype=torch.int64) for key in names}
        given["input_ids"] = torch.arange(21).reshape(3, 7) % 19 + 3
        given["attention_mask"][1, 5:] = 0
    with torch.no_grad():
        expected = model(**given, return_dict=True)
    found = run_graph(session, {key: tensor.numpy() for key, tensor in given.items()})
    assert list(found) == _ENCODERS[name]
    assert all(abs(found[key] - expected[key].numpy()).max() < 1e-4 for key in found)
    assert type(FeaturesManager.get_model_from_feature("default", str(tmp_path / "checkpoint"))) is model_class
    assert main(["validate", str(tmp_path / "model.onnx"), *arguments]) == 0


@pytest.mark.parametrize("name", ["T5EncoderModel", "CLIPTextModelWithProjection"])
def test_a_trace_computes_what_the_encoder_computes(name: str, tmp_path: Path) -> None:
    model_class = getattr(transformers, name)
    config = tiny.shrink(model_class.config_class())
    model = model_class(config).eval()
    tiny.save_checkpoint(model, tiny.make_preprocessor(config, model), tmp_path / "checkpoint")
    assert trace(["--model", str(tmp_path / "checkpoint"), str(tmp_path / "out")]) == 0
    given = {
        "input_ids": torch.arange(21).reshape(3, 7) % 19 + 3,
        "attention_mask": torch.ones(3, 7, dtype=torch.int64),
    }
    given["attention_mask"][1, 5:] = 0
    with torch.no_grad():
        expected = model(**given, return_dict=True)
    found = load(tmp_path / "out")(**given)
    assert list(found) == _ENCODERS[name]
    assert all(abs(found[key] - expected[key]).max() < 1e-5 for key in found)
