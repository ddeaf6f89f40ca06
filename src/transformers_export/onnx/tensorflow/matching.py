"""Which weight of a checkpoint becomes which tensor of a model, decided from names and shapes alone.

Every tensor of the model gets exactly one weight, or is one that the model computes by itself; anything else is an
error that names both sides. Weights of heads that the model does not have are left over and told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transformers_export.onnx.tensorflow.errors import TensorFlowCheckpointError, listed
from transformers_export.onnx.tensorflow.names import axes, candidates, pytorch_name, same_shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transformers_export.onnx.tensorflow.reading import Weight

_COMPUTED = re.compile(r"(^|\.)(position_ids|token_type_ids|final_logits_bias)$")
"""Buffers that every new model starts with as every other does: counting numbers, or zeros."""


@dataclass(frozen=True)
class Tensor:
    """A parameter or buffer of a model."""

    shape: tuple[int, ...]
    first_name: str
    """Its first name in the model: tied weights are one tensor with several names."""
    is_buffer: bool


@dataclass(frozen=True)
class Target:
    """What the checkpoint is read into."""

    model: str
    """Name of the class."""
    prefix: str
    """Where models with a head hold the base model, e.g. `bert`."""
    parts: frozenset[str]
    """First levels of the base model's names, e.g. `embeddings`, `encoder`."""
    tensors: Mapping[str, Tensor]
    """By every name, of tied weights too."""


@dataclass(frozen=True)
class Match:
    """What to set, and what is left over on either side."""

    weights: Mapping[str, tuple[Weight, ...]]
    """A tensor's name to the weights for it; more than one must hold the same values."""
    unused: tuple[str, ...]
    """Weights of the checkpoint that the model has no part for."""
    missing: tuple[str, ...]
    """Tensors, by first name, that the checkpoint has no weight for."""


def match(weights: Sequence[Weight], target: Target) -> Match:
    """Pair a checkpoint's weights with a model's tensors.

    Raises:
        TensorFlowCheckpointError: A weight belongs into the model and finds no tensor there, or one of another shape.
    """
    found: dict[str, list[Weight]] = {}
    unused = []
    for weight in weights:
        name = next((name for name in candidates(weight.name, target.prefix) if name in target.tensors), None)
        if name is not None:
            _require_shape(weight, name, target)
            found.setdefault(name, []).append(weight)
        elif _belongs(weight.name, target):
            raise TensorFlowCheckpointError(
                f"{weight.file.name} holds {weight.name!r}, {list(weight.shape)}, and {target.model} has no "
                f"{pytorch_name(weight.name)!r}. Is its config.json (layers, model_type) the one it was saved with?"
            )
        else:
            unused.append(weight.name)
    given = {target.tensors[name].first_name for name in found}
    needed = dict.fromkeys(
        tensor.first_name
        for name, tensor in target.tensors.items()
        if not (tensor.is_buffer and _COMPUTED.search(name))
    )
    return Match(
        {name: tuple(several) for name, several in found.items()},
        tuple(dict.fromkeys(unused)),
        tuple(name for name in needed if name not in given),
    )


def require_complete(match: Match, target: Target, saved_from: str) -> None:
    """Refuse a model of which a tensor would stay random.

    Args:
        match: What was found.
        target: The model.
        saved_from: The class that config.json names, or nothing.

    Raises:
        TensorFlowCheckpointError: The checkpoint has no weight for some tensor.
    """
    if not match.missing:
        return
    saved = f" The checkpoint was saved from {saved_from}; ask for a feature it has weights for." if saved_from else ""
    left = f" It has weights that {target.model} does not take: {listed(match.unused)}." if match.unused else ""
    raise TensorFlowCheckpointError(
        f"The TensorFlow checkpoint has no weights for {listed(match.missing)} of {target.model}: they would stay "
        f"random.{saved}{left}"
    )


def _require_shape(weight: Weight, name: str, target: Target) -> None:
    expected = target.tensors[name].shape
    turned = tuple(weight.shape[axis] for axis in axes(weight.name, len(weight.shape)))
    if not same_shape(turned, expected):
        as_pytorch = "" if turned == weight.shape else f" ({list(turned)} in the order of PyTorch)"
        raise TensorFlowCheckpointError(
            f"{weight.file.name} holds {weight.name!r} as {list(weight.shape)}{as_pytorch}, and {target.model} takes "
            f"{name!r} as {list(expected)}. Is its config.json the one it was saved with?"
        )


def _belongs(tensorflow_name: str, target: Target) -> bool:
    """Whether a weight is of a part that the base model has; heads, and a pooler left out, are not."""
    return any(name.partition(".")[0] in target.parts for name in candidates(tensorflow_name, target.prefix))
