"""CodeGen: a decoder with past."""

from __future__ import annotations

from transformers_export.models.bases import DecoderOnnxConfig


class CodeGenOnnxConfig(DecoderOnnxConfig):
    """Token ids, past and mask."""
