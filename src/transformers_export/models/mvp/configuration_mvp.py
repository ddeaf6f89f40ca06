"""Mvp: sequence to sequence with past."""

from __future__ import annotations

from transformers_export.models.bases import BartLikeOnnxConfig


class MvpOnnxConfig(BartLikeOnnxConfig):
    """As its family."""
