"""Padding of sound and of images: the file is told, and gives for a padded row what PyTorch gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
import pytest
import torch
import transformers

from support.traced import small
from transformers_export import tiny
from transformers_export.onnx import FeaturesManager, export
from transformers_export.onnx.inputs import Sizes, make_inputs, template_inputs
from transformers_export.onnx.validation.validate import validate

if TYPE_CHECKING:
    from pathlib import Path

OPSET = 18
SAMPLES = 9000


def _made(model_type: str, feature: str, **options: Any) -> tuple[Any, Any]:
    config = tiny.shrink(tiny.start(transformers.CONFIG_MAPPING[model_type]))
    for name, value in options.items():
        setattr(config, name, value)
    model = tiny.build_model(FeaturesManager.get_model_class_for_feature(feature, model_type=model_type), config)
    return model, FeaturesManager.get_config(model_type, feature)(model.config)


def _graph(model: Any, onnx_config: Any, path: Path, inputs: dict[str, torch.Tensor]) -> np.ndarray:
    preprocessor = tiny.make_preprocessor(model.config, model)
    export(preprocessor, model, onnx_config, OPSET, path, exporter="legacy")
    assert validate(onnx_config, preprocessor, model, path).passed
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    first, *_ = session.run(None, {name: tensor.numpy() for name, tensor in inputs.items()})
    return first


@pytest.mark.parametrize(("model_type", "feature"), [("wav2vec2", "ctc"), ("hubert", "audio-classification")])
def test_a_padded_recording_is_heard_as_pytorch_hears_it(model_type: str, feature: str, tmp_path: Path) -> None:
    model, onnx_config = _made(model_type, feature, feat_extract_norm="layer")
    assert list(onnx_config.inputs) == ["input_values", "attention_mask"]
    sound = torch.randn(2, SAMPLES, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(2, SAMPLES, dtype=torch.int64)
    sound[1, 5000:], mask[1, 5000:] = 0, 0
    got = _graph(model, onnx_config, tmp_path / "model.onnx", {"input_values": sound, "attention_mask": mask})
    with torch.no_grad():
        expected, unmasked = model(sound, attention_mask=mask)[0].numpy(), model(sound)[0].numpy()
    size = max(1.0, float(np.abs(expected).max()))
    assert np.abs(expected - unmasked).max() > 1e-3 * size
    assert np.abs(expected - got).max() < 1e-4 * size


def test_a_model_that_is_trained_without_a_mask_takes_none() -> None:
    _, onnx_config = _made("wav2vec2", "ctc")
    assert onnx_config._config.feat_extract_norm == "group"
    assert list(onnx_config.inputs) == ["input_values"]


@pytest.mark.parametrize("model_type", ["detr", "table-transformer"])
def test_a_padded_image_is_seen_as_pytorch_sees_it(model_type: str, tmp_path: Path) -> None:
    model, onnx_config = _made(model_type, "object-detection")
    images = torch.randn(2, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(2, 128, 128, dtype=torch.int64)
    for axis in (0, 1):
        images[1].narrow(axis + 1, 64, 64).fill_(0)
        mask[1].narrow(axis, 64, 64).fill_(0)
    got = _graph(model, onnx_config, tmp_path / "model.onnx", {"pixel_values": images, "pixel_mask": mask})
    with torch.no_grad():
        expected, unmasked = model(images, mask).logits.numpy(), model(images).logits.numpy()
    size = max(1.0, float(np.abs(expected).max()))
    assert np.abs(expected - unmasked).max() > 1e-3 * size
    assert np.abs(expected - got).max() < 1e-4 * size


@pytest.mark.parametrize(
    ("model_type", "feature"), [("bert", "default"), ("gpt2", "causal-lm"), ("speech-to-text", "default")]
)
def test_a_row_that_is_all_padding_is_numbers_and_leaves_the_others_alone(
    model_type: str, feature: str, tmp_path: Path
) -> None:
    made = small(model_type, feature)
    inputs = make_inputs(
        made.config, template_inputs(made.config, made.preprocessor, made.model), Sizes(batch=2, empty_row=True)
    )
    assert not inputs["attention_mask"][1].any()
    got = _graph(made.model, made.config, tmp_path / "model.onnx", inputs)
    with torch.no_grad():
        expected = made.model(**inputs)[0].numpy()
    assert np.isfinite(expected).all()
    assert np.isfinite(got).all()
    assert np.abs(expected[0] - got[0]).max() < 1e-4 * max(1.0, float(np.abs(expected[0]).max()))
