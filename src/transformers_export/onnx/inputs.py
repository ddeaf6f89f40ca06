"""Input tensors of any size for a configuration: its own example inputs, brought to size and drawn anew.

A configuration's `generate_dummy_inputs` is asked once and serves as the template: it says dtypes, ranks and the length
of every axis that does not vary. The declared axes then get the lengths asked for. This also holds for classes written
for transformers.onnx, whose labels are read by `axis_length`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from transformers_export.onnx import dummy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Generator, Tensor

Padding = Literal["none", "left", "right"]


@dataclass(frozen=True)
class Sizes:
    """Lengths of the axes that may vary, in elements.

    `sequence` is the encoder's in sequence-to-sequence models, `decoder` their decoder's. `past` is what the cache
    holds before the new tokens. With padding, half of the first row is padded.
    """

    batch: int = 2
    sequence: int = 8
    decoder: int = 6
    past: int = 10
    choices: int = 4
    padding: Padding = "none"
    others: tuple[tuple[str, int], ...] = ()
    """Lengths for labels that are none of these, or in their place."""


TRACED = Sizes()
"""The sizes graphs are captured at: all above 1 and all different, so that no axis is frozen or mistaken."""


def is_seq2seq(config: Any) -> bool:
    """Tell whether a configuration declares a decoder beside the encoder."""
    return "decoder_input_ids" in config.inputs


def uses_past(config: Any) -> bool:
    """Tell whether a configuration declares past key values."""
    return bool(getattr(config, "use_past", False))


def template_inputs(config: Any, preprocessor: Any) -> dict[str, Tensor]:
    """Ask the configuration for its example inputs and flatten past key values to their declared names.

    Raises:
        ValueError: A declared input is not among them.
    """
    flat: dict[str, Any] = {}
    for name, value in config.generate_dummy_inputs(preprocessor, framework="pt").items():
        if isinstance(value, (list, tuple)):
            flat.update(config.flatten_output_collection_property(name, value))
        else:
            flat[name] = value
    flat = dict(config.generate_dummy_inputs_onnxruntime(flat))
    _add_text_companions(flat, config.inputs)
    missing = [name for name in config.inputs if name not in flat]
    if missing:
        raise ValueError(
            f"{type(config).__name__} declares the inputs {missing}, but its example inputs hold only "
            f"{sorted(flat)}. Make them in generate_dummy_inputs, or pass the preprocessor that makes them."
        )
    return {name: flat[name] for name in config.inputs}


def dropped_inputs(config: Any, preprocessor: Any) -> list[str]:
    """Names the preprocessor makes and the graph does not take."""
    made = config.generate_dummy_inputs(preprocessor, framework="pt")
    return [name for name in made if name not in config.inputs and name != "past_key_values"]


def make_inputs(config: Any, template: Mapping[str, Tensor], sizes: Sizes, *, seed: int = 0) -> dict[str, Tensor]:
    """Bring template inputs to `sizes` and draw their values from `seed`.

    Token ids avoid special tokens, save for an end-of-sequence token in every row (sequence classification of the
    bart family finds its sentence by it) and padding where the sizes ask for it.

    Returns:
        Tensors by declared name, in declared order.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    sizes = _settled(config, template, sizes)
    drawn: dict[str, Tensor] = {}
    for name, axes in config.inputs.items():
        given = template[name]
        shape = list(given.shape)
        for axis in axes:
            shape[axis] = axis_length(config, template, name, axis, sizes)
        drawn[name] = _draw(config, name, given, tuple(shape), generator)
    if sizes.padding != "none":
        _pad(config, drawn, sizes)
    return drawn


def axis_length(config: Any, template: Mapping[str, Tensor], name: str, axis: int, sizes: Sizes) -> int:
    """Length of one declared axis; the template's where the label names nothing we can vary.

    Labels of transformers.onnx are not always true (`past_sequence + sequence` on the past itself, the encoder's mask
    of T5 labelled with the decoder's past), so the input's name decides before its label does, and whether a mask
    covers the past is read off the template.
    """
    label = config.inputs[name][axis]
    for other, length in sizes.others:
        if label == other:
            return length
    if label == "batch":
        return sizes.batch
    if label in ("choice", "choices", "num_choices"):
        return sizes.choices
    if name.startswith("past_key_values."):
        return sizes.sequence if ".encoder." in name else sizes.past
    if "sequence" not in label:
        return template[name].shape[axis]
    decoding = name.startswith("decoder_") and label != config.inputs["input_ids"].get(1)
    new_tokens = sizes.decoder if decoding else sizes.sequence
    return new_tokens + sizes.past if covers_past(template, name) else new_tokens


def covers_past(template: Mapping[str, Tensor], name: str) -> bool:
    """Tell whether a mask is longer than its token ids: it then covers what the cache holds too."""
    ids = template.get(name.replace("attention_mask", "input_ids"))
    return name.endswith("attention_mask") and ids is not None and template[name].shape[-1] > ids.shape[-1]


def _settled(config: Any, template: Mapping[str, Tensor], sizes: Sizes) -> Sizes:
    """Sizes as the graph can have them: with past, configurations of transformers.onnx fix the decoder's length."""
    if is_seq2seq(config) and 1 not in config.inputs["decoder_input_ids"]:
        return replace(sizes, decoder=template["decoder_input_ids"].shape[1])
    return sizes


def _add_text_companions(flat: dict[str, Any], declared: Mapping[str, Any]) -> None:
    """Inputs that follow from the token ids, where they are declared and not made.

    A tokenizer may make no token types; transformers.onnx declares decoder inputs for heads that it makes none for.
    """
    import torch

    if "input_ids" not in flat:
        return
    ids = flat["input_ids"]
    companions = {
        "attention_mask": torch.ones_like(ids),
        "token_type_ids": torch.zeros_like(ids),
        "decoder_input_ids": dummy.rolled(ids),
        "decoder_attention_mask": torch.ones_like(ids),
    }
    for name in declared:
        if name in companions:
            flat.setdefault(name, companions[name])


def _draw(config: Any, name: str, given: Tensor, shape: tuple[int, ...], generator: Generator) -> Tensor:
    import torch

    if name.endswith("attention_mask"):
        return torch.ones(shape, dtype=torch.int64)
    if name.endswith("input_ids") or (name == "inputs" and not given.is_floating_point()):
        return _token_ids(config, shape, generator)
    if name == "token_type_ids":
        # Without a table of their own, types are looked up among the tokens.
        types = int(getattr(_text_config(config), "type_vocab_size", 2) or 1)
        return torch.randint(0, types, shape, generator=generator)
    if given.is_floating_point():
        return torch.randn(shape, generator=generator, dtype=given.dtype)
    return _tiled(given, shape)


def _token_ids(config: Any, shape: tuple[int, ...], generator: Generator) -> Tensor:
    import torch

    text = _text_config(config)
    usable = torch.tensor(dummy.usable_token_ids(int(text.vocab_size), _special_ids(text)))
    ids = usable[torch.randint(0, len(usable), shape, generator=generator)]
    end = _first_id(text.eos_token_id) if hasattr(text, "eos_token_id") else None
    if end is not None and not uses_past(config):
        ids[..., -1] = end
    return ids


def _special_ids(text: Any) -> list[int]:
    names = [name for name in dir(text) if name.endswith("_token_id")]
    return [token for name in names if (token := _first_id(getattr(text, name, None))) is not None]


def _first_id(value: Any) -> int | None:
    if isinstance(value, (list, tuple)):
        return _first_id(value[0]) if value else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text_config(config: Any) -> Any:
    """The part of the model's configuration that has the vocabulary."""
    whole = config._config
    getter = getattr(whole, "get_text_config", None)
    text = getter() if getter is not None else whole
    return text if hasattr(text, "vocab_size") else whole


def _tiled(given: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Repeat what the configuration made until it fills `shape`: integers may mean something (boxes, positions)."""
    import torch

    for axis, length in enumerate(shape):
        given = given.index_select(axis, torch.arange(length) % given.shape[axis])
    return given


def _pad(config: Any, drawn: dict[str, Tensor], sizes: Sizes) -> None:
    """Pad half of the first row's sequence on the side asked for; the cache stays attended."""
    text = _text_config(config)
    pad = _first_id(getattr(text, "pad_token_id", None))
    for prefix in ("", "decoder_"):
        mask, ids = drawn.get(f"{prefix}attention_mask"), drawn.get(f"{prefix}input_ids", drawn.get(f"{prefix}inputs"))
        if mask is None or ids is None:
            continue
        length = ids.shape[-1]
        padded = length // 2
        start = 0 if sizes.padding == "left" else length - padded
        offset = mask.shape[-1] - length
        mask[0, ..., offset + start : offset + start + padded] = 0
        if sizes.padding == "right":
            ids[0, ..., start - 1] = ids[0, ..., -1]  # the row's end token stays inside what is attended
        if pad is not None:
            ids[0, ..., start : start + padded] = pad
