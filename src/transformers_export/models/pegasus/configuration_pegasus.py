"""Pegasus: sequence to sequence with past."""

from __future__ import annotations

from transformers_export.models.bases import BartLikeOnnxConfig


class PegasusOnnxConfig(BartLikeOnnxConfig):
    """As its family."""
