"""RT-DETR: images of one size."""

from __future__ import annotations

from transformers_export.models.detectors import RTDetrLikeOnnxConfig


class RTDetrOnnxConfig(RTDetrLikeOnnxConfig):
    """Pixel values."""

    modeling = "transformers.models.rt_detr.modeling_rt_detr"
