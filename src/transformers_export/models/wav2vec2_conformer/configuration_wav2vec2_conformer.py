"""wav2vec 2.0 Conformer: an encoder of raw sound."""

from __future__ import annotations

from transformers_export.models.speech import WaveOnnxConfig


class Wav2Vec2ConformerOnnxConfig(WaveOnnxConfig):
    """A wave."""
