"""optimum's names of tasks, and names that are almost right."""

from __future__ import annotations

import pytest

from transformers_export.onnx import tasks
from transformers_export.onnx.features import FeaturesManager


@pytest.mark.parametrize(
    ("model_type", "asked", "feature"),
    [
        ("gpt2", "text-generation-with-past", "causal-lm-with-past"),
        ("gpt2", "text-generation", "causal-lm"),
        ("bert", "feature-extraction", "default"),
        ("bert", "fill-mask", "masked-lm"),
        ("bert", "text-classification", "sequence-classification"),
        ("t5", "text2text-generation-with-past", "seq2seq-lm-with-past"),
        ("whisper", "automatic-speech-recognition", "speech2seq-lm"),
        ("whisper", "automatic-speech-recognition-with-past", "speech2seq-lm-with-past"),
        ("wav2vec2", "automatic-speech-recognition", "ctc"),
        ("segformer", "image-segmentation", "semantic-segmentation"),
        ("detr", "image-segmentation", "image-segmentation"),
        ("vision-encoder-decoder", "image-to-text", "vision2seq-lm"),
        ("clip", "zero-shot-image-classification", "default"),
        ("wav2vec2", "audio-classification", "audio-classification"),
        ("bert", "text-generation-with-past", "text-generation-with-past"),
    ],
)
def test_a_task_by_optimums_name_is_the_models_feature(model_type: str, asked: str, feature: str) -> None:
    assert tasks.feature_named(asked, FeaturesManager.features_of(model_type)) == feature


def test_what_a_name_means_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="transformers_export.onnx"):
        tasks.feature_named("text-generation-with-past", FeaturesManager.features_of("gpt2"))
        tasks.feature_named("default", FeaturesManager.features_of("gpt2"))
    assert caplog.messages == ["text-generation-with-past is causal-lm-with-past here."]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("casual-lm", " Did you mean causal-lm?"),
        ("text-generation-with-pas", " Did you mean text-generation-with-past?"),
        ("translation-of-poems", ""),
    ],
)
def test_a_name_that_is_almost_right_is_asked_for(asked: str, meant: str) -> None:
    assert tasks.suggestion(asked, FeaturesManager.features_of("gpt2")) == meant


def test_every_feature_that_a_task_may_mean_is_one() -> None:
    features = {feature for meant in tasks._FEATURES.values() for feature in meant}
    assert features <= set(FeaturesManager.AVAILABLE_FEATURES)
