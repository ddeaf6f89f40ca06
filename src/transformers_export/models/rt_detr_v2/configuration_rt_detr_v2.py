"""RT-DETR v2: images of one size."""

from __future__ import annotations

from transformers_export.models.detectors import RTDetrLikeOnnxConfig


class RTDetrV2OnnxConfig(RTDetrLikeOnnxConfig):
    """Pixel values."""

    modeling = "transformers.models.rt_detr_v2.modeling_rt_detr_v2"
