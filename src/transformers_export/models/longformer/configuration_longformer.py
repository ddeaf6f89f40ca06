"""Longformer: an encoder in which most tokens see their neighbours, and some see and are seen by all."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from transformers_export.models.bases import TextEncoderOnnxConfig
from transformers_export.models.longformer.attention import attention, without_padding
from transformers_export.onnx.config import PatchingSpec

if TYPE_CHECKING:
    from collections.abc import Mapping


class LongformerOnnxConfig(TextEncoderOnnxConfig):
    """Token ids, mask, and the tokens that see all."""

    input_names = ("input_ids", "attention_mask", "global_attention_mask")

    def __init__(self, config: Any, task: str = "default", patching_specs: list[PatchingSpec] | None = None) -> None:
        modeling = import_module("transformers.models.longformer.modeling_longformer")
        specs = [
            PatchingSpec(modeling.LongformerSelfAttention, "forward", attention),
            PatchingSpec(modeling.LongformerModel, "_pad_to_window_size", without_padding),
        ]
        super().__init__(config, task, [*specs, *(patching_specs or [])])

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make example inputs; every fifth token sees all, the first among them."""
        import torch

        made = dict(super().generate_dummy_inputs(preprocessor, *args, **kwargs))
        seeing = (torch.arange(made["input_ids"].shape[-1]) % 5 == 0).long()
        made["global_attention_mask"] = seeing.expand(made["input_ids"].shape).clone()
        return made
