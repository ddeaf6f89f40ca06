"""DeBERTa-v2 and -v3: as DeBERTa."""

from __future__ import annotations

from transformers_export.models.deberta.configuration_deberta import DebertaOnnxConfig


class DebertaV2OnnxConfig(DebertaOnnxConfig):
    """Token ids and mask, and token types where the vocabulary of types is not empty."""
