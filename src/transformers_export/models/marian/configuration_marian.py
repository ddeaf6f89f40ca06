"""Marian: sequence to sequence with past."""

from __future__ import annotations

from transformers_export.models.bases import BartLikeOnnxConfig


class MarianOnnxConfig(BartLikeOnnxConfig):
    """As its family."""

    @property
    def atol_for_validation(self) -> float:
        """As transformers.onnx had it."""
        return 1e-4
