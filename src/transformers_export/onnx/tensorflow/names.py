"""What PyTorch calls a weight that TensorFlow saved, and which of its axes stand elsewhere.

Pure functions of names and shapes. The rules are those by which transformers 4 itself matched its two models of one
architecture (`modeling_tf_pytorch_utils.py` of 4.48), with what newer PyTorch models renamed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_RENAMED = {
    "kernel": "weight",
    "embeddings": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
    "depthwise_kernel": "depthwise.weight",
    "pointwise_kernel": "pointwise.weight",
}
"""What Keras layers call their weights, and what the layers of torch do."""

_KERNELS = {"kernel", "depthwise_kernel", "pointwise_kernel"}
"""Weights whose axes Keras counts from inputs to outputs, and torch from outputs to inputs."""

_OTHER_NAMES = (
    # DeBERTa-v2: TensorFlow kept the names of DeBERTa
    (re.compile(r"\.pos_proj\."), ".pos_key_proj."),
    (re.compile(r"\.pos_q_proj\."), ".pos_query_proj."),
    # a decoder by itself holds the embeddings that both sides shared
    (re.compile(r"(^|\.)shared\.weight$"), r"\1decoder.embed_tokens.weight"),
    # ViT, since transformers 5
    (re.compile(r"(^|\.)encoder\.layer\.(\d+)\.attention\.attention\.query\."), r"\1layers.\2.attention.q_proj."),
    (re.compile(r"(^|\.)encoder\.layer\.(\d+)\.attention\.attention\.key\."), r"\1layers.\2.attention.k_proj."),
    (re.compile(r"(^|\.)encoder\.layer\.(\d+)\.attention\.attention\.value\."), r"\1layers.\2.attention.v_proj."),
    (re.compile(r"(^|\.)encoder\.layer\.(\d+)\.attention\.output\.dense\."), r"\1layers.\2.attention.o_proj."),
    (re.compile(r"(^|\.)encoder\.layer\.(\d+)\.intermediate\.dense\."), r"\1layers.\2.mlp.fc1."),
    (re.compile(r"(^|\.)encoder\.layer\.(\d+)\.output\.dense\."), r"\1layers.\2.mlp.fc2."),
    (re.compile(r"(^|\.)encoder\.layer\.(\d+)\.(layernorm_\w+)\."), r"\1layers.\2.\3."),
)
"""Names that only some models have; a name that fits as it is comes first."""


def pytorch_name(tensorflow_name: str) -> str:
    """The name in the notation of a PyTorch checkpoint of transformers 4.

    `tf_bert_model/bert/encoder/layer_._0/attention/self/query/kernel:0` is
    `bert.encoder.layer.0.attention.self.query.weight`: the model's own name goes, `_._` parts two levels, and of
    `a___b` only `b` counts.
    """
    levels = [level.rpartition("___")[2] for level in _levels(tensorflow_name)]
    if len(levels) > 1:
        levels = levels[1:]
    levels[-1] = _RENAMED.get(levels[-1], levels[-1])
    return ".".join(levels)


def candidates(tensorflow_name: str, prefix: str) -> tuple[str, ...]:
    """Every name that a PyTorch model may have for a weight, the likeliest first.

    Args:
        tensorflow_name: As the checkpoint has it.
        prefix: The model's `base_model_prefix`: models with a head hold the base model under it, base models do not.
    """
    name = pytorch_name(tensorflow_name)
    every = [name, *_other_names(name)]
    inside = [found.removeprefix(f"{prefix}.") for found in every]
    return tuple(dict.fromkeys([*every, *inside, *(f"{prefix}.{found}" for found in every)]))


def axes(tensorflow_name: str, dimensions: int) -> tuple[int, ...]:
    """Where torch wants the axes: a permutation, as `numpy.transpose` takes it.

    Kernels are turned round: dense `[in, out]`, grouped and 1-D convolutions whole; 2-D convolutions
    `[height, width, in, out]` become `[out, in, height, width]`. All else stays.
    """
    if _levels(tensorflow_name)[-1] not in _KERNELS:
        return tuple(range(dimensions))
    return (3, 2, 0, 1) if dimensions == 4 else tuple(reversed(range(dimensions)))


def same_shape(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    """Whether two shapes are one but for axes of length 1: Keras keeps some that torch does not, and the other way."""
    return [length for length in first if length != 1] == [length for length in second if length != 1]


def _levels(tensorflow_name: str) -> list[str]:
    plain = re.sub(r":\d+$", "", tensorflow_name).replace("_._", "/")
    return [level for level in plain.split("/") if level] or [plain]


def _other_names(name: str) -> Iterator[str]:
    for pattern, replacement in _OTHER_NAMES:
        other = pattern.sub(replacement, name)
        if other != name:
            yield other
