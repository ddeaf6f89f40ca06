"""PLBart: sequence to sequence with past."""

from __future__ import annotations

from transformers_export.models.bases import BartLikeOnnxConfig


class PLBartOnnxConfig(BartLikeOnnxConfig):
    """As its family."""
