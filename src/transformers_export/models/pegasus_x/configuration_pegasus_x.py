"""PegasusX: sequence to sequence with past."""

from __future__ import annotations

from transformers_export.models.bases import Seq2SeqOnnxConfig


class PegasusXOnnxConfig(Seq2SeqOnnxConfig):
    """Both sides and past."""
