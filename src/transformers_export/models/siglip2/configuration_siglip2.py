"""SigLIP 2: texts, and images as patches of which every image has its own number."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from transformers_export.models.image_text import TwoTowersOnnxConfig
from transformers_export.models.siglip2.vision import pooled, resize_positional_embeddings
from transformers_export.onnx import dummy
from transformers_export.onnx.config import PatchingSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes


class Siglip2OnnxConfig(TwoTowersOnnxConfig):
    """Texts and patches, with the mask of the patches and every image's height and width in patches."""

    text_names = ("input_ids",)
    left_out: ClassVar[Mapping[str, str]] = {
        "attention_mask": "trained on texts padded to one length without a mask, and used like that"
    }

    def __init__(self, config: Any, task: str = "default", patching_specs: list[PatchingSpec] | None = None) -> None:
        modeling = import_module("transformers.models.siglip2.modeling_siglip2")
        specs = [
            PatchingSpec(
                modeling.Siglip2VisionEmbeddings,
                "resize_positional_embeddings",
                resize_positional_embeddings,
                op_wrapper=staticmethod,
            ),
            PatchingSpec(modeling.Siglip2MultiheadAttentionPoolingHead, "forward", pooled),
        ]
        super().__init__(config, task, [*specs, *(patching_specs or [])])

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """As any two towers, with what says where the patches are."""
        patches: dict[str, Axes] = {
            "pixel_values": {0: "batch", 1: "patches"},
            "pixel_attention_mask": {0: "batch", 1: "patches"},
            "spatial_shapes": {0: "batch"},
        }
        return {**super().inputs, **patches}

    def _images(self, processor: Any) -> Mapping[str, Any]:
        """Two images of six and of four patches, padded to eight."""
        import torch

        vision = self._config.vision_config
        shapes = torch.tensor([[2, 3], [1, 4]])
        return {
            "pixel_values": dummy.pair((len(shapes), 8, vision.num_channels * vision.patch_size**2))[0],
            "pixel_attention_mask": (torch.arange(8)[None] < shapes.prod(dim=1, keepdim=True)).long(),
            "spatial_shapes": shapes,
        }
