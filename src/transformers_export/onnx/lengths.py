"""How long each declared axis is to be: from a label and the input it stands on to one of the sizes.

Labels of transformers.onnx are not always true (`past_sequence + sequence` on the past itself, the encoder's mask of T5
labelled with the decoder's past), so the input's name decides before its label does, and whether a mask covers the past
is read off the template. Labels that name none of our sizes (`height`, `frames`, ...) are free: `free_labels` finds
them, and they keep the template's length unless `Sizes.others` says otherwise.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from transformers_export.onnx.inputs import Sizes

    Kind = Literal["batch", "choices", "past", "sequence", "decoder", "free"]

_TOKENS = ("input_ids", "inputs_embeds", "inputs", "states")


def is_seq2seq(config: Any) -> bool:
    """Tell whether a configuration declares a decoder beside the encoder."""
    return "decoder_input_ids" in config.inputs


def is_divided(config: Any) -> bool:
    """Tell whether an OnnxConfig declares an encoder and a decoder of their own, ours or transformers.onnx's."""
    return hasattr(config, "get_encoder_config")


def fixes_decoder(config: Any) -> bool:
    """Tell whether the decoder's length is not declared to vary: with past, transformers.onnx fixed it."""
    return is_seq2seq(config) and 1 not in config.inputs["decoder_input_ids"]


def uses_past(config: Any) -> bool:
    """Tell whether a configuration declares past key values."""
    return bool(getattr(config, "use_past", False))


def axis_kind(config: Any, name: str, axis: int) -> Kind:
    """Which of the sizes an axis of a declared input takes."""
    axes = config.inputs[name]
    label = axes[axis]
    # A tensor has one batch: where a second axis is called so, that name is what is wrong, and its length differs.
    if (label == "batch" and not any(axes[other] == label for other in axes if other < axis)) or (
        axis == 0 and "batch" in label
    ):
        return "batch"
    if "choice" in label:
        return "choices"
    if name.startswith("past_key_values."):
        return "sequence" if ".encoder." in name else "past"
    if "sequence" not in label:
        return "free"
    ids = config.inputs.get("input_ids", {}).get(1)
    if name.startswith("decoder_") and label != ids:
        return "decoder"
    if name.startswith("encoder_") and ids is not None and label != ids:
        return "decoder"  # a decoder alone, whose own ids are `input_ids`: what it reads has a length of its own
    return "sequence" if any(token in config.inputs for token in _TOKENS) else "free"


def axis_length(config: Any, template: Mapping[str, Tensor], name: str, axis: int, sizes: Sizes) -> int:
    """Length of one declared axis; the template's where it is free and the sizes say nothing of its label."""
    for label, length in sizes.others:
        if label == config.inputs[name][axis]:
            return length
    kind = axis_kind(config, name, axis)
    if kind == "free":
        return template[name].shape[axis]
    length = int(getattr(sizes, kind))
    return length + sizes.past if kind in ("sequence", "decoder") and covers_past(template, name) else length


def free_labels(config: Any, template: Mapping[str, Tensor]) -> dict[str, int]:
    """Labels that name none of our sizes, with the template's length."""
    return {
        label: template[name].shape[axis]
        for name, axes in config.inputs.items()
        for axis, label in axes.items()
        if axis_kind(config, name, axis) == "free"
    }


def covers_past(template: Mapping[str, Tensor], name: str) -> bool:
    """Tell whether a mask is longer than its token ids: it then covers what the cache holds too."""
    ids = template.get(name.replace("attention_mask", "input_ids"))
    return name.endswith("attention_mask") and ids is not None and template[name].shape[-1] > ids.shape[-1]


def settled(config: Any, template: Mapping[str, Tensor], sizes: Sizes) -> Sizes:
    """Sizes as the graph can have them."""
    if fixes_decoder(config):
        return replace(sizes, decoder=template["decoder_input_ids"].shape[1])
    return sizes
