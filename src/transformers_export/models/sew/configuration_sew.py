"""SEW: an encoder of raw sound."""

from __future__ import annotations

from transformers_export.models.speech import WaveOnnxConfig


class SEWOnnxConfig(WaveOnnxConfig):
    """A wave."""
