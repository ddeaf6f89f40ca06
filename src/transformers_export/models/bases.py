"""What architectures share: encoders, decoders with past, sequence-to-sequence models, image models.

An architecture is a few declarative lines on one of these. Only axes that really vary are declared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from transformers_export.onnx import dummy
from transformers_export.onnx.config import OnnxConfig, OnnxConfigWithPast, OnnxSeq2SeqConfigWithPast, PatchingSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from transformers_export.onnx.config import Axes


class TextEncoderOnnxConfig(OnnxConfig):
    """An encoder of text: every input is `[batch, sequence]`, or `[batch, choice, sequence]` for multiple choice."""

    input_names: ClassVar[tuple[str, ...]] = ("input_ids", "attention_mask", "token_type_ids")

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """Every name of `input_names` with the task's axes."""
        choices = {0: "batch", 1: "choice", 2: "sequence"}
        axes = choices if self.task == "multiple-choice" else {0: "batch", 1: "sequence"}
        return {name: dict(axes) for name in self.input_names}


class DecoderOnnxConfig(OnnxConfigWithPast):
    """A decoder of text, with past where asked for; decodes one token or several."""

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """Token ids, past and the mask over both."""
        inputs: dict[str, Axes] = {"input_ids": {0: "batch", 1: "sequence"}}
        if self.use_past:
            self.fill_with_past_key_values_(inputs, direction="inputs")
        inputs["attention_mask"] = {0: "batch", 1: "past_sequence + sequence" if self.use_past else "sequence"}
        if takes_one_row(self):
            return {name: free_of_batch(axes) for name, axes in inputs.items()}
        return inputs

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """The task's outputs; of one row where the model takes no more."""
        outputs = super().outputs
        if takes_one_row(self):
            return {name: free_of_batch(axes) for name, axes in outputs.items()}
        return outputs

    @property
    def default_batch_size(self) -> int:
        """One where the model takes no more rows."""
        return 1 if takes_one_row(self) else super().default_batch_size


class ExpertsOnnxConfig(DecoderOnnxConfig):
    """A decoder with a mixture of experts.

    transformers 5 counts the tokens of each expert, which no exporter can follow; a matrix product over every token's
    own experts gives the same values.
    """

    @property
    def values_override(self) -> Mapping[str, Any] | None:
        """As any decoder, and the implementation that graphs can hold."""
        return graph_experts(super().values_override)


class Seq2SeqOnnxConfig(OnnxSeq2SeqConfigWithPast):
    """An encoder and a decoder of text."""

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """Both sides' ids and masks, then past."""
        total = "past_decoder_sequence + decoder_sequence" if self.use_past else "decoder_sequence"
        inputs: dict[str, Axes] = {
            "input_ids": {0: "batch", 1: "encoder_sequence"},
            "attention_mask": {0: "batch", 1: "encoder_sequence"},
            "decoder_input_ids": {0: "batch", 1: "decoder_sequence"},
            "decoder_attention_mask": {0: "batch", 1: total},
        }
        if self.use_past:
            self.fill_with_past_key_values_(inputs, direction="inputs")
        return inputs


class T5LikeOnnxConfig(Seq2SeqOnnxConfig):
    """The T5 family: sequence to sequence, and token classification on the encoder alone.

    Sequence classification finds the end-of-sequence token of `input_ids` in the decoder's output, and question
    answering answers with the decoder's positions: there both sides have one length.
    """

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """As the task takes them."""
        if self.task in _ENCODER_TASKS:
            return {name: {0: "batch", 1: "sequence"} for name in ("input_ids", "attention_mask")}
        if self.task in ("sequence-classification", "question-answering"):
            return {name: {0: "batch", 1: "sequence"} for name in super().inputs}
        return super().inputs

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """As the task gives them."""
        if self.task in (*_ENCODER_TASKS, "question-answering"):
            return OnnxConfig.outputs.fget(self)  # type: ignore[attr-defined]  # no side has its own length
        return super().outputs


_ENCODER_TASKS = ("token-classification",)


class _DecoderAloneOnnxConfig(DecoderOnnxConfig):
    """The decoder of a sequence-to-sequence model used by itself."""

    @property
    def num_layers(self) -> int:
        return int(self._config.decoder_layers)

    @property
    def num_attention_heads(self) -> int:
        return int(self._config.decoder_attention_heads)

    @property
    def head_dim(self) -> int:
        return int(self._config.hidden_size) // self.num_attention_heads


class BartLikeOnnxConfig(Seq2SeqOnnxConfig):
    """The bart family: sequence to sequence, the decoder alone, and heads on top of both.

    Sequence classification finds the end-of-sequence token of `input_ids` in the decoder's output, so there both sides
    have one length.
    """

    def __init__(
        self,
        config: Any,
        task: str = "default",
        patching_specs: list[PatchingSpec] | None = None,
        use_past: bool = False,
    ) -> None:
        super().__init__(config, task=task, patching_specs=patching_specs, use_past=use_past)
        self._alone = _DecoderAloneOnnxConfig(config, task, use_past=use_past) if task == "causal-lm" else None

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """As the task takes them."""
        if self._alone:
            return self._alone.inputs
        if self.task == "sequence-classification":
            return {name: {0: "batch", 1: "sequence"} for name in super().inputs}
        return super().inputs

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """As the task gives them."""
        return self._alone.outputs if self._alone else super().outputs

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make example inputs for the task."""
        source = self._alone.generate_dummy_inputs if self._alone else super().generate_dummy_inputs
        return source(preprocessor, *args, **kwargs)

    def flatten_output_collection_property(  # type: ignore[override]
        self, name: str, field: Iterable[Any]
    ) -> dict[str, Any]:
        """Name past key values by layer, with a side unless the decoder is alone."""
        if self._alone:
            return self._alone.flatten_output_collection_property(name, field)
        return super().flatten_output_collection_property(name, field)


class ImageOnnxConfig(OnnxConfig):
    """A model of images whose size it fixes."""

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """Pixel values `[batch, channels, height, width]`, of which only the batch varies."""
        return {"pixel_values": {0: "batch"}}

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """The task's outputs; the number of patches is fixed with the image's size."""
        return {name: {0: "batch"} for name in super().outputs}


class MaskedImageOnnxConfig(ImageOnnxConfig):
    """A model of images that are padded to one size, with a mask that says where the image is.

    For models that use it: others take a `pixel_mask` and compute the same with any.
    """

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """Pixel values and their mask `[batch, height, width]`, of which only the batch varies."""
        return {**super().inputs, "pixel_mask": {0: "batch"}}

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make example images, with a mask that leaves nothing out.

        Small ones are repeated until a quarter of them is one cell of the backbone's last map: a mask over a single
        cell could leave out all or nothing.
        """
        made = super().generate_dummy_inputs(preprocessor, *args, **kwargs)["pixel_values"]
        times = [-(-_LEAST_SIDE // side) for side in made.shape[2:]]
        images = made.repeat(1, 1, *times)
        return {"pixel_values": images, "pixel_mask": dummy.whole_numbers((len(images), *images.shape[2:]), 1) + 1}


_LEAST_SIDE = 128
"""Four cells of a backbone that makes 32 pixels one."""


def takes_one_row(config: OnnxConfig) -> bool:
    """Tell whether the model classifies one row at a time.

    Decoders classify at the last token that is no padding. Without a padding token PyTorch takes the last token, and
    refuses a batch of several rows; the graph keeps to that.
    """
    whole = config._config
    text = whole.get_text_config() if hasattr(whole, "get_text_config") else whole
    return config.task == "sequence-classification" and getattr(text, "pad_token_id", None) is None


def free_of_batch(axes: Axes) -> Axes:
    """The axes without the one of the batch, whose length is fixed."""
    return {axis: label for axis, label in axes.items() if label != "batch"}


def graph_experts(override: Mapping[str, Any] | None) -> dict[str, Any]:
    """Values to set on a model with a mixture of experts so that a graph can hold it."""
    return {**(override or {}), "_experts_implementation": "batched_mm"}


def full_attention(override: Mapping[str, Any] | None) -> dict[str, Any]:
    """Values to set on a model of the BigBird family so that its graph attends to everything.

    Block-sparse attention switches to full attention for short sequences, and a graph keeps whichever was traced.
    """
    return {**(override or {}), "attention_type": "original_full"}
