"""OnnxConfig and its with-past relatives: what a model's graph takes, gives and may vary.

A configuration declares; it exports nothing. Building input tensors is in `inputs.py`, exporting in `convert.py`.
The names and meanings are those of transformers.onnx (transformers 4.48), so that a class written for it needs only
another import.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from transformers_export.onnx import dummy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Axes = Mapping[int, str]
    """Axis position to symbolic name, for the axes of one tensor that may vary."""
    Direction = Literal["inputs", "outputs"]

DEFAULT_ONNX_OPSET = 18
"""What the dynamo exporter writes; sdpa attention needs 14 at least, see `convert.SDPA_OPSET`."""

EXTERNAL_DATA_LIMIT = 2 * 1024**3
"""Bytes; protobuf cannot hold more in one file."""


@dataclasses.dataclass
class PatchingSpec:
    """One function to replace while a model is captured.

    Attributes:
        o: Module or object that holds the function.
        name: Attribute of `o` to replace.
        custom_op: What replaces it.
        orig_op: What it was; read from `o` when not given.
        op_wrapper: Wraps both before they are set, e.g. `staticmethod`.
    """

    o: Any
    name: str
    custom_op: Callable[..., Any]
    orig_op: Callable[..., Any] | None = None
    op_wrapper: Callable[..., Any] | None = None


class OnnxConfig(ABC):
    """Declares inputs, outputs and their varying axes for one model and task.

    Args:
        config: The model's own configuration.
        task: A key of the outputs table: a feature without `-with-past`.
        patching_specs: Functions to replace during capture.

    Raises:
        ValueError: The task has no declared outputs.
    """

    needs_preprocessor: ClassVar[bool] = True
    """Whether example inputs are made with a preprocessor; models of numbers have none."""

    left_out: ClassVar[Mapping[str, str]] = {}
    """Inputs that a tokenizer makes and the graph is meant to do without, each with the reason; else leaving one out
    fails the check `effect`."""

    default_fixed_batch = 2
    default_fixed_sequence = 8
    default_fixed_num_choices = 4

    _tasks_to_common_outputs: ClassVar[dict[str, dict[str, dict[int, str]]]] = {
        "default": {"last_hidden_state": {0: "batch", 1: "sequence"}},
        "masked-lm": {"logits": {0: "batch", 1: "sequence"}},
        "causal-lm": {"logits": {0: "batch", 1: "sequence"}},
        "seq2seq-lm": {"logits": {0: "batch", 1: "decoder_sequence"}},
        "sequence-classification": {"logits": {0: "batch"}},
        "token-classification": {"logits": {0: "batch", 1: "sequence"}},
        "multiple-choice": {"logits": {0: "batch", 1: "choice"}},
        "question-answering": {
            "start_logits": {0: "batch", 1: "sequence"},
            "end_logits": {0: "batch", 1: "sequence"},
        },
        "image-classification": {"logits": {0: "batch"}},
        "image-segmentation": {
            "logits": {0: "batch"},
            "pred_boxes": {0: "batch"},
            "pred_masks": {0: "batch"},
        },
        "masked-im": {"reconstruction": {0: "batch"}},
        "object-detection": {"logits": {0: "batch"}, "pred_boxes": {0: "batch"}},
        "semantic-segmentation": {"logits": {0: "batch"}},
        "vision2seq-lm": {"logits": {0: "batch", 1: "decoder_sequence"}},
        "speech2seq-lm": {"logits": {0: "batch", 1: "decoder_sequence"}},
        "audio-classification": {"logits": {0: "batch"}},
        "audio-frame-classification": {"logits": {0: "batch", 1: "frames"}},
        "audio-xvector": {"logits": {0: "batch"}, "embeddings": {0: "batch"}},
        "ctc": {"logits": {0: "batch", 1: "frames"}},
        "depth-estimation": {"predicted_depth": {0: "batch"}},
    }

    def __init__(self, config: Any, task: str = "default", patching_specs: list[PatchingSpec] | None = None) -> None:
        self._config = config
        if task not in self._tasks_to_common_outputs:
            known = ", ".join(sorted(self._tasks_to_common_outputs))
            raise ValueError(f"Task {task!r} has no declared outputs. Expected one of: {known}.")
        self.task = task
        self._patching_specs = [
            spec if spec.orig_op is not None else dataclasses.replace(spec, orig_op=getattr(spec.o, spec.name))
            for spec in patching_specs or []
        ]

    @classmethod
    def from_model_config(cls, config: Any, task: str = "default") -> OnnxConfig:
        """Make the configuration of `config` for `task`."""
        return cls(config, task=task)

    @property
    @abstractmethod
    def inputs(self) -> Mapping[str, Axes]:
        """Input names in the order of `forward()`, each with its varying axes."""

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """Output names in graph order, each with its varying axes."""
        return {name: dict(axes) for name, axes in self._tasks_to_common_outputs[self.task].items()}

    @property
    def values_override(self) -> Mapping[str, Any] | None:
        """Values to set on the model's configuration for the time of the export."""
        return {"use_cache": False} if hasattr(self._config, "use_cache") else None

    @property
    def default_batch_size(self) -> int:
        """Batch to trace at; 2, because exporters freeze an axis of length 1."""
        return OnnxConfig.default_fixed_batch

    @property
    def default_sequence_length(self) -> int:
        """Sequence length to trace at."""
        return OnnxConfig.default_fixed_sequence

    @property
    def default_num_choices(self) -> int:
        """Choices per question to trace at."""
        return OnnxConfig.default_fixed_num_choices

    @property
    def default_onnx_opset(self) -> int:
        """Opset to write when the caller names none."""
        return DEFAULT_ONNX_OPSET

    @property
    def atol_for_validation(self) -> float:
        """Absolute tolerance of the values check, for outputs of size one or less."""
        return 1e-5

    @staticmethod
    def use_external_data_format(num_parameters: int) -> bool:
        """Tell whether that many float32 parameters exceed what one protobuf file holds."""
        return num_parameters * 4 >= EXTERNAL_DATA_LIMIT

    def generate_dummy_inputs(
        self,
        preprocessor: Any,
        batch_size: int = -1,
        seq_length: int = -1,
        num_choices: int = -1,
        is_pair: bool = False,
        framework: Any = None,
        num_channels: int = 3,
        image_width: int = 40,
        image_height: int = 40,
        sampling_rate: int = 22050,
        time_duration: float = 5.0,
        frequency: int = 220,
    ) -> Mapping[str, Any]:
        """Make example inputs with the preprocessor; -1 stands for the default size.

        Text comes as int64 `[batch, sequence]` (`[batch, choices, sequence]` for multiple choice), images and audio as
        the processor shapes them. The sequence length counts special tokens.

        Raises:
            ValueError: The preprocessor is none of tokenizer, image processor, feature extractor; or the framework is
                not PyTorch.
        """
        dummy.require_pytorch(framework)
        batch = batch_size if batch_size > 0 else self.default_batch_size
        if dummy.is_tokenizer(preprocessor):
            sequence = seq_length if seq_length > 0 else self.default_sequence_length
            choices = num_choices if num_choices > 0 else self.default_num_choices
            shape = (batch, choices, sequence) if self.task == "multiple-choice" else (batch, sequence)
            return dummy.text(preprocessor, shape, is_pair=is_pair)
        if dummy.takes_images(preprocessor):
            return dummy.images(preprocessor, batch, num_channels, image_height, image_width)
        if dummy.takes_audio(preprocessor):
            return dummy.audio(preprocessor, batch, sampling_rate, time_duration, frequency)
        raise ValueError(
            f"Cannot make example inputs with {type(preprocessor).__name__}: expected a tokenizer, an image processor "
            "or a feature extractor. Pass the one that belongs to the model, or override generate_dummy_inputs."
        )

    def generate_dummy_inputs_onnxruntime(self, reference_model_inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Turn the model's inputs into the graph's; override where the two differ."""
        return reference_model_inputs

    def patch_ops(self) -> None:
        """Set every patched function."""
        for spec in self._patching_specs:
            setattr(spec.o, spec.name, spec.op_wrapper(spec.custom_op) if spec.op_wrapper else spec.custom_op)

    def restore_ops(self) -> None:
        """Set every patched function back."""
        for spec in self._patching_specs:
            original = spec.orig_op
            setattr(spec.o, spec.name, spec.op_wrapper(original) if spec.op_wrapper else original)

    @classmethod
    def flatten_output_collection_property(cls, name: str, field: Iterable[Any]) -> dict[str, Any]:
        """Name the elements of a nested output `name.0`, `name.1`, ..."""
        return {f"{name}.{index}": item for index, item in enumerate(chain.from_iterable(field))}


class OnnxConfigWithPast(OnnxConfig, ABC):
    """A configuration that can take and give past key values.

    With `use_past` the graph takes `past_key_values.N.key` and `.value` of shape
    `[batch, key-value heads, past_sequence, head_dim]` and gives `present.N.key` and `.value`.
    """

    def __init__(
        self,
        config: Any,
        task: str = "default",
        patching_specs: list[PatchingSpec] | None = None,
        use_past: bool = False,
    ) -> None:
        super().__init__(config, task=task, patching_specs=patching_specs)
        self.use_past = use_past

    @classmethod
    def with_past(cls, config: Any, task: str = "default") -> OnnxConfigWithPast:
        """Make the configuration with past key values."""
        return cls(config, task=task, use_past=True)

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """The task's outputs, then `present.*` with past."""
        outputs = dict(super().outputs)
        if self.use_past:
            self.fill_with_past_key_values_(outputs, direction="outputs")
        return outputs

    @property
    def values_override(self) -> Mapping[str, Any] | None:
        """`use_cache` as `use_past` says."""
        return {"use_cache": self.use_past} if hasattr(self._config, "use_cache") else None

    @property
    def num_layers(self) -> int | tuple[int, int]:
        """Number of layers that cache.

        Raises:
            AttributeError: The model's configuration names it otherwise: override this property.
        """
        return _first_attribute(self._config, "num_layers", "num_hidden_layers")

    @property
    def num_attention_heads(self) -> int | tuple[int, int]:
        """Number of cached (key-value) heads; fewer than the query heads with grouped-query attention.

        Raises:
            AttributeError: The model's configuration names it otherwise: override this property.
        """
        return _first_attribute(self._config, "num_key_value_heads", "num_attention_heads")

    @property
    def head_dim(self) -> int:
        """Length of one key or value vector."""
        explicit = getattr(self._config, "head_dim", None)
        if isinstance(explicit, int):
            return explicit
        return int(self._config.hidden_size) // int(self._config.num_attention_heads)

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make example inputs; with past, `past_key_values` is a list of `(key, value)` two longer than the sequence.

        The attention mask then covers past and new tokens.
        """
        common = dict(super().generate_dummy_inputs(preprocessor, *args, **kwargs))
        if not self.use_past:
            return common
        batch, sequence = common["input_ids"].shape
        past = sequence + 2
        heads, layers = self.num_attention_heads, self.num_layers
        assert isinstance(heads, int)  # noqa: S101  (pairs belong to sequence-to-sequence configurations)
        assert isinstance(layers, int)  # noqa: S101
        if "attention_mask" in common:
            common["attention_mask"] = dummy.extended_mask(common["attention_mask"], past)
        shape = (batch, heads, past, self.head_dim)
        common["past_key_values"] = [dummy.pair(shape) for _ in range(layers)]
        return common

    def fill_with_past_key_values_(
        self,
        inputs_or_outputs: dict[str, Any],
        direction: Direction,
        inverted_values_shape: bool = False,
    ) -> None:
        """Add the names and axes of past key values (`inputs`) or present ones (`outputs`) in place.

        Args:
            inputs_or_outputs: The mapping to extend.
            direction: Which of the two.
            inverted_values_shape: Values hold their length on axis 1 instead of 2.

        Raises:
            ValueError: The direction is neither.
        """
        prefix, length = _past_names(direction, "past_sequence", "past_sequence + sequence")
        layers = self.num_layers
        assert isinstance(layers, int)  # noqa: S101
        for index in range(layers):
            inputs_or_outputs[f"{prefix}.{index}.key"] = {0: "batch", 2: length}
            inputs_or_outputs[f"{prefix}.{index}.value"] = {0: "batch", 1 if inverted_values_shape else 2: length}

    def _flatten_past_key_values_(self, flattened_output: dict[str, Any], name: str, idx: int, t: Any) -> None:
        flattened_output[f"{name}.{idx}.key"] = t[0]
        flattened_output[f"{name}.{idx}.value"] = t[1]

    def flatten_output_collection_property(  # type: ignore[override]  # an instance method here, as upstream has it
        self, name: str, field: Iterable[Any]
    ) -> dict[str, Any]:
        """Name past key values by layer; anything else by position."""
        if name not in ("present", "past_key_values"):
            return super().flatten_output_collection_property(name, field)
        flattened: dict[str, Any] = {}
        for index, layer in enumerate(field):
            self._flatten_past_key_values_(flattened, name, index, layer)
        return flattened


class OnnxSeq2SeqConfigWithPast(OnnxConfigWithPast):
    """A sequence-to-sequence configuration; past holds a decoder and an encoder pair a layer."""

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """The task's outputs on the decoder's sequence, then `present.*` with past."""
        outputs: dict[str, Axes] = {}
        for name, axes in super(OnnxConfigWithPast, self).outputs.items():
            sequence = "encoder_sequence" if "encoder" in name else "decoder_sequence"
            outputs[name] = {axis: sequence if "sequence" in label else label for axis, label in axes.items()}
        if self.use_past:
            self.fill_with_past_key_values_(outputs, direction="outputs")
        return outputs

    @property
    def num_layers(self) -> tuple[int, int]:
        """Encoder and decoder layers."""
        decoder = _first_attribute(self._config, "decoder_layers", "num_decoder_layers", "num_layers")
        return _first_attribute(self._config, "encoder_layers", "num_layers"), decoder

    @property
    def num_attention_heads(self) -> tuple[int, int]:
        """Encoder and decoder heads."""
        encoder = _first_attribute(self._config, "encoder_attention_heads", "num_attention_heads", "num_heads")
        return encoder, _first_attribute(self._config, "decoder_attention_heads", "num_attention_heads", "num_heads")

    @property
    def head_dim(self) -> int:
        """Length of one key or value vector."""
        explicit = getattr(self._config, "d_kv", None)
        return explicit if isinstance(explicit, int) else int(self._config.hidden_size) // self.num_attention_heads[1]

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make example inputs for both sides; with past, the decoder mask covers past and new tokens."""
        encoder = dict(super(OnnxConfigWithPast, self).generate_dummy_inputs(preprocessor, *args, **kwargs))
        common = {**encoder, "decoder_input_ids": dummy.rolled(encoder["input_ids"])}
        if "attention_mask" in encoder:
            common["decoder_attention_mask"] = encoder["attention_mask"].clone()
        if not self.use_past:
            return common
        batch, sequence = encoder["input_ids"].shape
        past = sequence + 3
        if "decoder_attention_mask" in common:
            common["decoder_attention_mask"] = dummy.extended_mask(common["decoder_attention_mask"], past)
        heads = self.num_attention_heads[1]
        decoder_shape = (batch, heads, past, self.head_dim)
        encoder_shape = (batch, heads, sequence, self.head_dim)
        common["past_key_values"] = [
            (*dummy.pair(decoder_shape), *dummy.pair(encoder_shape)) for _ in range(self.num_layers[1])
        ]
        return common

    def fill_with_past_key_values_(
        self,
        inputs_or_outputs: dict[str, Any],
        direction: Direction,
        inverted_values_shape: bool = False,
    ) -> None:
        """Add decoder and encoder pairs for every decoder layer, in place.

        Both belong to the decoder (its own attention and its attention to the encoder), so the number of encoder
        layers does not matter.

        Raises:
            ValueError: The direction is neither `inputs` nor `outputs`.
        """
        prefix, length = _past_names(direction, "past_decoder_sequence", "past_decoder_sequence + decoder_sequence")
        axis = 1 if inverted_values_shape else 2
        for index in range(self.num_layers[1]):
            for side, label in (("decoder", length), ("encoder", "encoder_sequence")):
                inputs_or_outputs[f"{prefix}.{index}.{side}.key"] = {0: "batch", 2: label}
                inputs_or_outputs[f"{prefix}.{index}.{side}.value"] = {0: "batch", axis: label}

    def _flatten_past_key_values_(self, flattened_output: dict[str, Any], name: str, idx: int, t: Any) -> None:
        for side, (key, value) in (("decoder", t[0:2]), ("encoder", t[2:4])):
            flattened_output[f"{name}.{idx}.{side}.key"] = key
            flattened_output[f"{name}.{idx}.{side}.value"] = value


def _past_names(direction: str, past: str, total: str) -> tuple[str, str]:
    if direction == "inputs":
        return "past_key_values", past
    if direction == "outputs":
        return "present", total
    raise ValueError(f"direction must be 'inputs' or 'outputs', got {direction!r}.")


def _first_attribute(config: Any, *names: str) -> int:
    for name in names:
        value = getattr(config, name, None)
        if isinstance(value, int):
            return value
    raise AttributeError(
        f"{type(config).__name__} has none of {', '.join(names)}. Override the property in your OnnxConfig class."
    )
