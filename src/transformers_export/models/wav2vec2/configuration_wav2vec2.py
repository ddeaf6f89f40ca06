"""wav2vec 2.0: an encoder of raw sound."""

from __future__ import annotations

from transformers_export.models.speech import WaveOnnxConfig


class Wav2Vec2OnnxConfig(WaveOnnxConfig):
    """A wave."""
