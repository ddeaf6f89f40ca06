"""CLAP: texts and sounds, and a score for each pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.onnx import dummy
from transformers_export.onnx.config import OnnxConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes


class ClapOnnxConfig(OnnxConfig):
    """Token ids and their mask, and spectrograms `[batch, 1, frames, mels]` of a fixed size."""

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """As many texts as sounds."""
        text = {0: "batch", 1: "sequence"}
        return {"input_ids": dict(text), "input_features": {0: "batch"}, "attention_mask": dict(text)}

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """A score for each sound and text, `[batch, batch]`, and both embeddings."""
        scores = {name: {0: "batch", 1: "batch"} for name in ("logits_per_audio", "logits_per_text")}
        return {**scores, **{name: {0: "batch"} for name in ("text_embeds", "audio_embeds")}}

    @property
    def atol_for_validation(self) -> float:
        """Scores are cosines times fourteen; transformers.onnx had the same for CLIP."""
        return 1e-4

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make texts with the tokenizer; draw spectrograms a little shorter than the model makes them, as usual."""
        made = super().generate_dummy_inputs(getattr(preprocessor, "tokenizer", preprocessor), *args, **kwargs)
        audio = self._config.audio_config
        ratio = audio.spec_size // audio.num_mel_bins
        shape = (self.default_batch_size, 1, audio.spec_size * ratio - 3, audio.num_mel_bins)
        return {**made, "input_features": dummy.pair(shape)[0]}
