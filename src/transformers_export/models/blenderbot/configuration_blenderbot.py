"""Blenderbot: sequence to sequence with past."""

from __future__ import annotations

from transformers_export.models.bases import BartLikeOnnxConfig


class BlenderbotOnnxConfig(BartLikeOnnxConfig):
    """As its family."""
