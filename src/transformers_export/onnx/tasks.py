"""Names that optimum and the Hub have for tasks, and our features."""

from __future__ import annotations

import logging
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger("transformers_export.onnx")

_WITH_PAST = "-with-past"
_FEATURES: dict[str, tuple[str, ...]] = {
    "automatic-speech-recognition": ("speech2seq-lm", "ctc"),
    "document-question-answering": ("question-answering",),
    "feature-extraction": ("default",),
    "fill-mask": ("masked-lm",),
    "image-feature-extraction": ("default",),
    "image-segmentation": ("semantic-segmentation",),
    "image-text-to-text": ("vision2seq-lm",),
    "image-to-image": ("default",),
    "image-to-text": ("vision2seq-lm",),
    "keypoint-detection": ("default",),
    "mask-generation": ("default",),
    "reinforcement-learning": ("default",),
    "sentence-similarity": ("default",),
    "summarization": ("seq2seq-lm",),
    "text-classification": ("sequence-classification",),
    "text-generation": ("causal-lm",),
    "text2text-generation": ("seq2seq-lm",),
    "time-series-forecasting": ("default",),
    "translation": ("seq2seq-lm",),
    "zero-shot-classification": ("sequence-classification",),
    "zero-shot-image-classification": ("default",),
    "zero-shot-object-detection": ("default",),
}
"""Each with the features it may mean: the first that the model has."""


def feature_named(asked: str, known: Sequence[str]) -> str:
    """Return the feature that a name means, and log it where the two differ.

    Args:
        asked: A feature, or a task by optimum's name, with or without `-with-past`.
        known: The model's features.

    Returns:
        `asked` itself where it is a feature, or means none of `known`.
    """
    found = _meant(asked, known)
    if found and found != asked:
        logger.info("%s is %s here.", asked, found)
    return found or asked


def suggestion(asked: str, known: Sequence[str]) -> str:
    """Return a question for a name that is almost one of the model's features or of the tasks; empty where none is."""
    names = [*known, *_FEATURES, *(f"{task}{_WITH_PAST}" for task in _FEATURES)]
    close = [name for name in get_close_matches(asked, names, n=5) if _meant(name, known)]
    return f" Did you mean {close[0]}?" if close else ""


def _meant(asked: str, known: Sequence[str]) -> str:
    """The feature of `known` that a name means; empty where it means none."""
    if asked in known:
        return asked
    past = _WITH_PAST if asked.endswith(_WITH_PAST) else ""
    meant = (f"{feature}{past}" for feature in _FEATURES.get(asked.removesuffix(_WITH_PAST), ()))
    return next((feature for feature in meant if feature in known), "")
