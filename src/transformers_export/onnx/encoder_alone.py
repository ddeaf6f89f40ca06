"""A checkpoint of one encoder of a model that has several parts: `T5EncoderModel`, `CLIPTextModelWithProjection`, ...

Their architecture's Auto class is the whole model, whose other parts the checkpoint does not have. What the encoder
takes and gives is read from its class.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import typing
from functools import partial
from typing import TYPE_CHECKING, Any

from transformers_export.onnx import heads
from transformers_export.onnx.config import OnnxConfig
from transformers_export.onnx.features import FeaturesManager

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes
    from transformers_export.onnx.features import Constructor

_NAMED = re.compile(r"(Encoder|Text|Vision)(Model)?(WithProjection)?$")
_TEXT = ("input_ids", "attention_mask", "token_type_ids")
_GIVEN = re.compile(r"last_hidden_state|pooler_output|(text|image)_embeds")


def encoder_class(config: Any) -> Any:
    """The class that a checkpoint of an encoder alone was saved from; None for any other checkpoint.

    Args:
        config: The checkpoint's configuration.
    """
    import transformers

    name = heads.saved_from(config)
    registered = FeaturesManager.features_of(config.model_type)
    if not _NAMED.search(name) or (registered and name in heads.class_names("default", config.model_type)):
        return None
    found: Any = getattr(transformers, name, None)
    parameters = inspect.signature(found.forward).parameters if hasattr(found, "forward") else {}
    takes = {"input_ids", "pixel_values"} & set(parameters)
    return found if len(takes) == 1 and not any(each.startswith("decoder_") for each in parameters) else None


def constructor_for(config: Any, feature: str) -> Constructor:
    """Return what makes the OnnxConfig of a checkpoint: of its encoder where it has nothing else.

    Raises:
        KeyError: The model type is not registered.
        ValueError: It has no such feature; the message lists those it has.
    """
    found = encoder_class(config) if feature == "default" else None
    if found is not None:
        return partial(EncoderAloneOnnxConfig, model_class=found)
    return FeaturesManager.get_config(config.model_type, feature)


class EncoderAloneOnnxConfig(OnnxConfig):
    """An encoder of text or of images, as its class declares it.

    Args:
        config: The model's own configuration.
        model_class: The encoder's class.
    """

    def __init__(self, config: Any, *, model_class: Any) -> None:
        super().__init__(config)
        self._parameters = inspect.signature(model_class.forward).parameters
        self._returned = _fields(model_class)

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """Ids, mask and types `[batch, sequence]`, or pixel values of which only the batch varies."""
        if "pixel_values" in self._parameters:
            return {"pixel_values": {0: "batch"}}
        return {name: {0: "batch", 1: "sequence"} for name in _TEXT if name in self._parameters}

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """The states, what is pooled from them and its projection, as far as the class returns them."""
        states = {0: "batch", 1: "sequence"} if "input_ids" in self._parameters else {0: "batch"}
        return {name: states if name == "last_hidden_state" else {0: "batch"} for name in self._returned}


def _fields(model_class: Any) -> tuple[str, ...]:
    """The tensors of the output class that `forward()` is annotated with."""
    annotated = typing.get_type_hints(model_class.forward).get("return")
    for each in (annotated, *typing.get_args(annotated)):
        if dataclasses.is_dataclass(each):
            return tuple(field.name for field in dataclasses.fields(each) if _GIVEN.fullmatch(field.name))
    return ("last_hidden_state",)
