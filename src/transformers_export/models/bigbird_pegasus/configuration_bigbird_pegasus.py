"""BigBird-Pegasus: sequence to sequence with past, exported with full attention in its encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.models.bases import BartLikeOnnxConfig, full_attention

if TYPE_CHECKING:
    from collections.abc import Mapping


class BigBirdPegasusOnnxConfig(BartLikeOnnxConfig):
    """As its family."""

    @property
    def values_override(self) -> Mapping[str, Any]:
        """Full attention: see `full_attention`."""
        return full_attention(super().values_override)
