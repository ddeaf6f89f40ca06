"""Yoso: an encoder of text."""

from __future__ import annotations

from typing import ClassVar

from transformers_export.models.bases import TextEncoderOnnxConfig


class YosoOnnxConfig(TextEncoderOnnxConfig):
    """Token ids and token types. transformers' Yoso takes a mask and turns all of it into ones."""

    input_names: ClassVar[tuple[str, ...]] = ("input_ids", "token_type_ids")
