"""LongT5: sequence to sequence with past."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from transformers_export.models.bases import Seq2SeqOnnxConfig
from transformers_export.models.longt5.blocks import aggregates, fixed_block_ids, hiding, padding_always
from transformers_export.onnx.config import PatchingSpec


class LongT5OnnxConfig(Seq2SeqOnnxConfig):
    """Both sides and past."""

    def __init__(
        self, config: Any, task: str = "default", patching_specs: list[PatchingSpec] | None = None, **options: Any
    ) -> None:
        modeling = import_module("transformers.models.longt5.modeling_longt5")
        attention = modeling.LongT5TransientGlobalAttention
        specs = [
            PatchingSpec(modeling, "_split_into_blocks", padding_always(modeling._pad_to_multiple)),
            PatchingSpec(modeling, "_make_global_fixed_block_ids", fixed_block_ids),
            PatchingSpec(modeling, "_create_global_aggregates", aggregates),
            PatchingSpec(attention, "compute_side_bias", hiding(attention.compute_side_bias)),
        ]
        super().__init__(config, task, [*specs, *(patching_specs or [])], **options)

    @property
    def least_sequence(self) -> int:
        """Two blocks and a rest, where tokens see blocks: below one, torch.export takes their number for a constant."""
        if getattr(self._config, "encoder_attention_type", "local") == "local":
            return 0
        return 2 * int(self._config.global_block_size) + 8
