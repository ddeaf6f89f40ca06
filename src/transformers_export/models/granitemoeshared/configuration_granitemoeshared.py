"""GraniteMoeShared: a decoder with past and a mixture of experts."""

from __future__ import annotations

from transformers_export.models.bases import ExpertsOnnxConfig


class GraniteMoeSharedOnnxConfig(ExpertsOnnxConfig):
    """Token ids, past and mask."""
