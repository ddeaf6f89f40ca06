"""Every model type that others list is registered with every head it has, or stands here with what keeps it out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from transformers.models.auto import modeling_auto
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

from support.repositories import ROOT
from transformers_export.onnx.features import FeaturesManager

if TYPE_CHECKING:
    from collections.abc import Mapping

LISTS = json.loads((ROOT / "tests" / "data" / "listed-model-types.json").read_text(encoding="utf-8"))
LISTED = sorted({model_type.replace("_", "-") for names in LISTS.values() for model_type in names})

GONE = {"internlm2", "mctct", "siglip-text", "siglip-text-with-projection"}
"""transformers 5 has no such model type."""

OPEN = {
    "colpali": "a language model behind a vision tower",
    "gemma3": "a language model behind a vision tower; gemma3-text is registered",
    "musicgen": "its ids are `[batch * codebooks, sequence]`, an axis that is a product of two",
    "pix2struct": "patches begin with their row and column as fractions, which example inputs would draw anew",
    "vits": "draws noise, and makes sound of a length that follows from what it drew",
}
"""Not written yet, with what is particular about each."""

HEADS = {
    "masked-lm": "MASKED_LM",
    "causal-lm": "CAUSAL_LM",
    "seq2seq-lm": "SEQ_TO_SEQ_CAUSAL_LM",
    "sequence-classification": "SEQUENCE_CLASSIFICATION",
    "token-classification": "TOKEN_CLASSIFICATION",
    "multiple-choice": "MULTIPLE_CHOICE",
    "question-answering": "QUESTION_ANSWERING",
    "image-classification": "IMAGE_CLASSIFICATION",
    "object-detection": "OBJECT_DETECTION",
    "image-segmentation": "IMAGE_SEGMENTATION",
    "semantic-segmentation": "SEMANTIC_SEGMENTATION",
    "masked-im": "MASKED_IMAGE_MODELING",
    "depth-estimation": "DEPTH_ESTIMATION",
    "speech2seq-lm": "SPEECH_SEQ_2_SEQ",
    "audio-classification": "AUDIO_CLASSIFICATION",
    "audio-frame-classification": "AUDIO_FRAME_CLASSIFICATION",
    "audio-xvector": "AUDIO_XVECTOR",
    "ctc": "CTC",
}
LEFT_OUT = {
    ("bart", "masked-lm"): "the class of seq2seq-lm",
    ("mbart", "masked-lm"): "the class of seq2seq-lm",
    ("whisper", "causal-lm"): "a decoder that needs an encoder's states",
}


def table(name: str) -> Mapping[str, object]:
    return getattr(modeling_auto, f"MODEL_FOR_{name}_MAPPING_NAMES")


@pytest.mark.parametrize("model_type", LISTED)
def test_a_listed_model_type_is_registered_or_has_its_reason(model_type: str) -> None:
    registered = model_type in FeaturesManager.model_types()
    assert registered + (model_type in GONE) + (model_type in OPEN) == 1
    known = {name.replace("_", "-") for name in CONFIG_MAPPING_NAMES}
    assert (model_type in GONE) == (model_type not in known)


@pytest.mark.parametrize("model_type", FeaturesManager.model_types())
def test_a_registered_model_type_has_every_feature_it_has_a_head_for(model_type: str) -> None:
    (key,) = [name for name in CONFIG_MAPPING_NAMES if name.replace("_", "-") == model_type]
    heads = {feature for feature, name in HEADS.items() if key in table(name)}
    left_out = {feature for kind, feature in LEFT_OUT if kind == model_type}
    assert heads - set(FeaturesManager.features_of(model_type)) == left_out
