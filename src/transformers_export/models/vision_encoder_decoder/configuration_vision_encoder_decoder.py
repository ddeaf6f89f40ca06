"""An encoder of images and a decoder of text in one model: two graphs, as transformers.onnx wrote them."""

from __future__ import annotations

from transformers_export.models.bases import ImageOnnxConfig
from transformers_export.models.divided import DividedOnnxConfig, ReadingDecoderOnnxConfig


class VisionEncoderDecoderEncoderOnnxConfig(ImageOnnxConfig):
    """Pixel values to states `[batch, patches, size]`."""

    @property
    def atol_for_validation(self) -> float:
        """As transformers.onnx had it."""
        return 1e-4


class VisionEncoderDecoderDecoderOnnxConfig(ReadingDecoderOnnxConfig):
    """Token ids, their mask and the states of an image to logits."""


class VisionEncoderDecoderOnnxConfig(DividedOnnxConfig):
    """The model as a whole."""

    encoder = VisionEncoderDecoderEncoderOnnxConfig
    decoder = VisionEncoderDecoderDecoderOnnxConfig
