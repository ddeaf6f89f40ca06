"""The preprocessor that goes with a configuration: tokenizer, image processor (on PIL) or audio feature extractor."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from transformers_export.tiny.inputs import image_side
from transformers_export.tiny.models import model_class_of
from transformers_export.tiny.tokenizers import make_tokenizer

_AUDIO = ("input_values", "input_features")
_AS_THEY_ARE = ("past_values", "states")
"""Main inputs of models of numbers, which go in as they are."""


def make_preprocessor(config: Any, model: Any = None) -> Any:
    """Return a preprocessor whose output fits the model. Needs no network and no torchvision.

    Args:
        config: the configuration, usually from `shrink`.
        model: the model it is for, where one configuration has models of several kinds (text and image, say); the
            bare model of the configuration when left out.

    Returns:
        None for models of numbers: nothing makes their inputs.
    """
    model_class = model_class_of(config) if model is None else type(model)
    if getattr(model_class, "main_input_name", "") in _AS_THEY_ARE:
        return None
    main = input_kind(model_class)
    if main == "pixel_values":
        return make_image_processor(config)
    if main in _AUDIO:
        return make_feature_extractor(config, main)
    return make_tokenizer(config, model_class)


def input_kind(model_class: Any) -> str:
    """Return the main input of a model class: `input_ids`, `pixel_values`, `input_values` or `input_features`."""
    kinds = ("input_ids", "pixel_values", *_AUDIO)
    main = getattr(model_class, "main_input_name", "input_ids")
    taken = inspect.signature(model_class.forward).parameters
    if main in kinds and main in taken:
        return str(main)
    return next((kind for kind in kinds if kind in taken), "input_ids")


def make_image_processor(config: Any) -> Any:
    """Return an image processor that resizes to the side the configuration asks for: (batch, 3, height, width)."""
    height, width = image_side(config)
    processor_class = _image_processor_class()
    return processor_class(size={"height": height, "width": width})


def _image_processor_class() -> Any:
    """Return the plain resize-and-normalise processor on PIL: under a name of its own since transformers 5."""
    try:
        return importlib.import_module("transformers.models.vit.image_processing_pil_vit").ViTImageProcessorPil
    except ModuleNotFoundError:
        return importlib.import_module("transformers.models.vit.image_processing_vit").ViTImageProcessor


def make_feature_extractor(config: Any, kind: str) -> Any:
    """Return a feature extractor for 16 kHz mono audio, as spectrogram (`input_features`) or raw (`input_values`)."""
    from transformers.models.auto.feature_extraction_auto import FEATURE_EXTRACTOR_MAPPING

    mels = getattr(config, "num_mel_bins", None) or getattr(config, "input_feat_per_channel", None)
    frames = getattr(config, "max_length", None)
    wanted = {"feature_size": mels, "num_mel_bins": mels, "chunk_length": _seconds(config), "max_length": frames}
    if type(config) in FEATURE_EXTRACTOR_MAPPING.keys():  # noqa: SIM118  (a lazy mapping)
        found = FEATURE_EXTRACTOR_MAPPING[type(config)]
    else:
        name = "Wav2Vec2FeatureExtractor" if kind == "input_values" else "WhisperFeatureExtractor"
        found = getattr(importlib.import_module("transformers"), name)
    taken = inspect.signature(found.__init__).parameters
    return found(**{k: v for k, v in wanted.items() if k in taken and v and (k != "feature_size" or mels)})


def _seconds(config: Any) -> int | None:
    """Return the seconds of audio behind a table of source positions: 50 positions a second."""
    positions = getattr(config, "max_source_positions", None)
    return positions // 50 if isinstance(positions, int) else None
