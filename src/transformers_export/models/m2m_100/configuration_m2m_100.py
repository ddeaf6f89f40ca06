"""M2M100: sequence to sequence with past."""

from __future__ import annotations

from transformers_export.models.bases import BartLikeOnnxConfig


class M2M100OnnxConfig(BartLikeOnnxConfig):
    """As its family."""
