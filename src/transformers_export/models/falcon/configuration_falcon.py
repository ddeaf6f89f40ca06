"""Falcon: a decoder with past."""

from __future__ import annotations

from typing import Any

from transformers_export.models.bases import DecoderOnnxConfig
from transformers_export.models.falcon.alibi import biases
from transformers_export.onnx.config import PatchingSpec


class FalconOnnxConfig(DecoderOnnxConfig):
    """Token ids, past and mask."""

    def __init__(
        self,
        config: Any,
        task: str = "default",
        patching_specs: list[PatchingSpec] | None = None,
        use_past: bool = False,
    ) -> None:
        from transformers.models.falcon import modeling_falcon

        alibi = PatchingSpec(modeling_falcon, "build_alibi_tensor", biases)
        super().__init__(config, task, [alibi, *(patching_specs or [])], use_past)
