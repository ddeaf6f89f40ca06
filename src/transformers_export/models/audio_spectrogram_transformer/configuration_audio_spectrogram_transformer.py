"""AST: spectrograms of one size."""

from __future__ import annotations

from transformers_export.models.speech import SpectrogramOnnxConfig


class ASTOnnxConfig(SpectrogramOnnxConfig):
    """A spectrogram."""
