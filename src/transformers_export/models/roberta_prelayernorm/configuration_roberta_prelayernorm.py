"""RobertaPreLayerNorm: an encoder of text."""

from __future__ import annotations

from transformers_export.models.bases import TextEncoderOnnxConfig


class RobertaPreLayerNormOnnxConfig(TextEncoderOnnxConfig):
    """Token ids and mask."""

    input_names = ("input_ids", "attention_mask")
