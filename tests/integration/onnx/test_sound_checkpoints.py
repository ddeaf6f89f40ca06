"""Checkpoints of sound as they lie on the Hub: a feature extractor, and no vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import pytest
import torch
import transformers

from transformers_export import tiny
from transformers_export.onnx.command import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("model_type", "feature", "auto"),
    [
        ("wav2vec2", "audio-classification", "AutoModelForAudioClassification"),
        ("wavlm", "ctc", "AutoModelForCTC"),
        ("data2vec-audio", "default", "AutoModel"),
    ],
)
def test_a_model_of_sound_needs_no_vocabulary(model_type: str, feature: str, auto: str, tmp_path: Path) -> None:
    config = tiny.shrink(transformers.AutoConfig.for_model(model_type))
    model = tiny.build_model(getattr(transformers, auto), config)
    model.save_pretrained(tmp_path / "checkpoint")
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(tmp_path / "checkpoint")
    given = ["--model", str(tmp_path / "checkpoint"), "--feature", feature, "--exporter", "legacy", str(tmp_path)]
    assert main(given) == 0
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    sound = torch.randn(2, 9000, generator=torch.Generator().manual_seed(0))
    taken = {"input_values": sound.numpy(), "attention_mask": np.ones((2, 9000), dtype=np.int64)}
    got, *_ = session.run(None, {value.name: taken[value.name] for value in session.get_inputs()})
    with torch.no_grad():
        expected = model(sound)[0].numpy()
    assert np.abs(got - expected).max() < 1e-4 * max(1.0, np.abs(expected).max())
