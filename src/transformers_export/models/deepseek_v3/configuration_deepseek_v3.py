"""DeepSeek-V3: a decoder with a latent cache and a mixture of experts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.models.bases import DecoderOnnxConfig, graph_experts

if TYPE_CHECKING:
    from collections.abc import Mapping


class DeepseekV3OnnxConfig(DecoderOnnxConfig):
    """Token ids, past and mask."""

    @property
    def values_override(self) -> Mapping[str, Any] | None:
        """With the experts' implementation that graphs can hold."""
        return graph_experts(super().values_override)
