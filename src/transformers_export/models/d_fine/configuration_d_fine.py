"""D-FINE: images of one size."""

from __future__ import annotations

from transformers_export.models.detectors import RTDetrLikeOnnxConfig


class DFineOnnxConfig(RTDetrLikeOnnxConfig):
    """Pixel values."""

    modeling = "transformers.models.d_fine.modeling_d_fine"
