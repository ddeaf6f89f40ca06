"""Gemma3Text: a decoder with past."""

from __future__ import annotations

from transformers_export.models.bases import DecoderOnnxConfig


class Gemma3TextOnnxConfig(DecoderOnnxConfig):
    """Token ids, past and mask."""
