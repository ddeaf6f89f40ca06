"""What the detectors of the RT-DETR family share."""

from __future__ import annotations

import builtins
from importlib import import_module
from typing import Any, ClassVar

from torch import Tensor

from transformers_export.models.bases import ImageOnnxConfig
from transformers_export.onnx.config import PatchingSpec


def length(value: Any) -> Any:
    """`len`, which of a tensor says a whole number: torch.export would keep the traced batch."""
    return value.shape[0] if isinstance(value, Tensor) else builtins.len(value)


class RTDetrLikeOnnxConfig(ImageOnnxConfig):
    """Pixel values. The models ask the batch as `len(source_flatten)` (transformers 5.23)."""

    modeling: ClassVar[str]
    """Module of the model class."""

    def __init__(self, config: Any, task: str = "default", patching_specs: list[PatchingSpec] | None = None) -> None:
        counting = PatchingSpec(import_module(self.modeling), "len", length, orig_op=builtins.len)
        super().__init__(config, task, [counting, *(patching_specs or [])])
