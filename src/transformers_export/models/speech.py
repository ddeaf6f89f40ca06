"""What models of sound share: encoders of raw waves or spectrograms, and speech to text.

Bases as in `bases.py`, which has those of text and images.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from transformers_export.onnx import dummy
from transformers_export.onnx.config import OnnxConfig, OnnxConfigWithPast, OnnxSeq2SeqConfigWithPast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes

EXAMPLE_SECONDS = 0.5
"""Enough for every layer of the models here; transformers.onnx took five, ten times the work."""


class WaveOnnxConfig(OnnxConfig):
    """An encoder of raw sound, `[batch, samples]` at the extractor's rate; outputs have one row for each frame.

    Models whose feature extractor normalises by layer are trained with a mask over the samples, which their processor
    returns; those that normalise by group are trained without one, as transformers documents.
    """

    @property
    def is_masked(self) -> bool:
        """Whether the model is trained with a mask. Speaker verification averages row by row, which no graph holds."""
        normalised_by = getattr(self._config, "feat_extract_norm", "layer")
        return bool(normalised_by == "layer" and self.task != "audio-xvector")

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """The wave, and its mask where the model is trained with one."""
        names = ("input_values", "attention_mask") if self.is_masked else ("input_values",)
        return {name: {0: "batch", 1: "samples"} for name in names}

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """As the task gives them, by frame where transformers.onnx says sequence."""
        return {
            name: {axis: "frames" if label == "sequence" else label for axis, label in axes.items()}
            for name, axes in super().outputs.items()
        }

    @property
    def values_override(self) -> Mapping[str, Any] | None:
        """No adapter is switched on by accident; nothing else."""
        return None

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make example waves, with a mask that leaves nothing out where one is declared."""
        made = super().generate_dummy_inputs(preprocessor, *args, **{"time_duration": EXAMPLE_SECONDS, **kwargs})
        wave = made["input_values"]
        return (
            {"input_values": wave, "attention_mask": dummy.whole_numbers(wave.shape, 1) + 1}
            if self.is_masked
            else {"input_values": wave}
        )


class SpectrogramOnnxConfig(OnnxConfig):
    """An encoder of spectrograms whose size it fixes."""

    input_name: ClassVar[str] = "input_values"

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """The spectrogram, of which only the batch varies."""
        return {self.input_name: {0: "batch"}}

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """As the task gives them; the number of patches is fixed with the spectrogram's size."""
        return {name: {0: "batch"} for name in super().outputs}


class SpeechSeq2SeqOnnxConfig(OnnxSeq2SeqConfigWithPast):
    """Sound in, text out. The encoder's length is fixed, as the model pads every recording to it."""

    input_name: ClassVar[str] = "input_features"

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """The sound and the decoder's ids, then past."""
        if self.task == "audio-classification":
            return {self.input_name: {0: "batch"}}
        inputs: dict[str, Axes] = {
            self.input_name: {0: "batch"},
            "decoder_input_ids": {0: "batch", 1: "decoder_sequence"},
        }
        if self.use_past:
            self.fill_with_past_key_values_(inputs, direction="inputs")
        return inputs

    def fill_with_past_key_values_(self, inputs_or_outputs: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        """Add decoder and encoder pairs; the encoder's length is fixed."""
        super().fill_with_past_key_values_(inputs_or_outputs, *args, **kwargs)
        for name in list(inputs_or_outputs):
            if ".encoder." in name:
                inputs_or_outputs[name] = {0: "batch"}

    @property
    def encoder_length(self) -> int:
        """Positions the encoder gives."""
        return int(self._config.max_source_positions)

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make example sound, decoder ids drawn from the vocabulary, and with past the pairs of every layer."""
        import torch

        sound = super(OnnxConfigWithPast, self).generate_dummy_inputs(preprocessor, *args, **kwargs)
        common: dict[str, Any] = {self.input_name: sound[self.input_name]}
        if "decoder_input_ids" not in self.inputs:
            return common
        batch, sequence = common[self.input_name].shape[0], self.default_sequence_length
        generator = torch.Generator().manual_seed(0)
        common["decoder_input_ids"] = torch.randint(0, self._config.vocab_size, (batch, sequence), generator=generator)
        if self.use_past:
            heads = self.num_attention_heads[1]
            decoder = (batch, heads, sequence + 3, self.head_dim)
            encoder = (batch, heads, self.encoder_length, self.head_dim)
            common["past_key_values"] = [
                (*dummy.pair(decoder), *dummy.pair(encoder)) for _ in range(self.num_layers[1])
            ]
        return common


class RecordingSeq2SeqOnnxConfig(SpeechSeq2SeqOnnxConfig):
    """Sound of any length in, text out, with a mask over the sound where `masked`.

    Most have no past: the graph would take the sound and what the cache holds of it. transformers makes the decoder's
    mask over the encoder from the sound, so one length follows from the other, which two inputs of a graph cannot say.
    """

    masked: ClassVar[bool] = False
    sound_axis: ClassVar[str] = "samples"

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """The sound, the decoder's ids, and the sound's mask."""
        sound = {0: "batch", 1: self.sound_axis}
        mask: dict[str, Axes] = {"attention_mask": dict(sound)} if self.masked else {}
        return {**super().inputs, self.input_name: sound, **mask}

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make example inputs of a short sound, with a mask that leaves nothing out."""
        made = dict(super().generate_dummy_inputs(preprocessor, *args, **{"time_duration": EXAMPLE_SECONDS, **kwargs}))
        if self.masked:
            made["attention_mask"] = dummy.whole_numbers(made[self.input_name].shape[:2], 1) + 1
        return made
