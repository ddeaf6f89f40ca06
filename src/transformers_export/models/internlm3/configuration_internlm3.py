"""InternLM3: a decoder with past."""

from __future__ import annotations

from transformers_export.models.bases import DecoderOnnxConfig


class InternLM3OnnxConfig(DecoderOnnxConfig):
    """Token ids, past and mask."""
