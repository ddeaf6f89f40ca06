"""What models of image and text share: two towers, and one score for each pair of image and text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from transformers_export.onnx import dummy
from transformers_export.onnx.config import OnnxConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes


class TwoTowersOnnxConfig(OnnxConfig):
    """Texts and images, as many of one as of the other, or one of the towers alone for image classification."""

    text_names: ClassVar[tuple[str, ...]] = ("input_ids", "attention_mask")
    score_names: ClassVar[tuple[str, ...]] = ("logits_per_image", "logits_per_text")
    embedding_names: ClassVar[tuple[str, ...]] = ("text_embeds", "image_embeds")

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """Token ids, pixel values of a fixed size and the mask; pixel values alone for image classification."""
        if self.task == "image-classification":
            return {"pixel_values": {0: "batch"}}
        ids, *others = self.text_names
        text = {0: "batch", 1: "sequence"}
        return {ids: dict(text), "pixel_values": {0: "batch"}, **{name: dict(text) for name in others}}

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """A score for each image and text, `[batch, batch]`, and both embeddings."""
        if self.task == "image-classification":
            return super().outputs
        scores: dict[str, Axes] = {name: {0: "batch", 1: "batch"} for name in self.score_names}
        return {**scores, **{name: {0: "batch"} for name in self.embedding_names}}

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make texts with the tokenizer and images with the image processor, or at random where there is none."""
        made: dict[str, Any] = {}
        if "input_ids" in self.inputs:
            tokenizer = getattr(preprocessor, "tokenizer", preprocessor)
            made.update(super().generate_dummy_inputs(tokenizer, *args, **kwargs))
        if "pixel_values" in self.inputs:
            made.update(self._images(getattr(preprocessor, "image_processor", preprocessor)))
        return made

    def _images(self, processor: Any) -> Mapping[str, Any]:
        if dummy.takes_images(processor):
            return {"pixel_values": dummy.images(processor, self.default_batch_size, 3, 40, 40)["pixel_values"]}
        vision = self._config.vision_config
        shape = (self.default_batch_size, vision.num_channels, vision.image_size, vision.image_size)
        return {"pixel_values": dummy.pair(shape)[0]}
