"""SEW-D: an encoder of raw sound that halves its frames."""

from __future__ import annotations

from transformers_export.models.sew.configuration_sew import SEWOnnxConfig


class SEWDOnnxConfig(SEWOnnxConfig):
    """A wave."""
