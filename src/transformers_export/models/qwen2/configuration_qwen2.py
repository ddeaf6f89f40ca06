"""Qwen2: a decoder with past."""

from __future__ import annotations

from transformers_export.models.bases import DecoderOnnxConfig


class Qwen2OnnxConfig(DecoderOnnxConfig):
    """Token ids, past and mask."""
