"""SeedOss: a decoder with past."""

from __future__ import annotations

from transformers_export.models.bases import DecoderOnnxConfig


class SeedOssOnnxConfig(DecoderOnnxConfig):
    """Token ids, past and mask."""
