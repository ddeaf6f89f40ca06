"""T5: sequence to sequence with past."""

from __future__ import annotations

from transformers_export.models.bases import T5LikeOnnxConfig


class T5OnnxConfig(T5LikeOnnxConfig):
    """As its family."""
