"""Input tensors of any size for a configuration: its own example inputs, brought to size and drawn anew.

A configuration's `generate_dummy_inputs` is asked once and serves as the template: it says dtypes, ranks and the length
of every axis that does not vary. The declared axes then get the lengths asked for (`lengths.py`), and rows are padded
(`padding.py`). This also holds for classes written for transformers.onnx.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from transformers_export.onnx import dummy
from transformers_export.onnx.cache_shapes import as_cached
from transformers_export.onnx.lengths import axis_length, settled, uses_past
from transformers_export.onnx.padding import MASKS, empty_last_row, pad
from transformers_export.onnx.special_tokens import special_id, special_ids

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import Generator, Tensor

Padding = Literal["none", "left", "right"]


@dataclass(frozen=True)
class Sizes:
    """Lengths of the axes that may vary, in elements.

    `sequence` is the encoder's in sequence-to-sequence models, `decoder` their decoder's. `past` is what the cache
    holds before the new tokens. With padding, half of the first row is padded (see `padding.pad`).
    """

    batch: int = 4
    sequence: int = 8
    decoder: int = 6
    past: int = 10
    choices: int = 2
    padding: Padding = "none"
    empty_row: bool = False
    """Whether nothing of the last row is attended to (see `padding.empty_last_row`)."""
    others: tuple[tuple[str, int], ...] = ()
    """Lengths for labels that are none of these, or in their place."""


TRACED = Sizes()
"""The sizes graphs are captured at: all above 1 and all different, so that no axis is frozen or mistaken.

The batch is the largest that anything is run at: it is computed once, the others by PyTorch and by the graph.
"""


def captured_sizes(config: Any) -> Sizes:
    """The sizes a graph is captured at: `TRACED`, and longer where a configuration says that its model needs it."""
    return replace(TRACED, sequence=max(TRACED.sequence, getattr(config, "least_sequence", 0)))


def template_inputs(config: Any, preprocessor: Any, model: Any = None) -> dict[str, Tensor]:
    """Ask the configuration for its example inputs and flatten past key values to their declared names.

    Args:
        config: The OnnxConfig.
        preprocessor: What makes the inputs.
        model: Fractions are brought to its type and past to the shapes it caches; None leaves both as they are made.

    Raises:
        ValueError: A declared input is not among them.
    """
    return declared_inputs(config, example_inputs(config, preprocessor, model))


def declared_inputs(config: Any, made: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those example inputs that are declared, in declared order.

    Raises:
        ValueError: A declared input is not among them.
    """
    missing = [name for name in config.inputs if name not in made]
    if missing:
        raise ValueError(
            f"{type(config).__name__} declares the inputs {missing}, but its example inputs hold only "
            f"{sorted(made)}. Make them in generate_dummy_inputs, or pass the preprocessor that makes them."
        )
    return {name: made[name] for name in config.inputs}


def example_inputs(config: Any, preprocessor: Any, model: Any = None) -> dict[str, Tensor]:
    """Everything the configuration makes as example inputs, declared or not; see `template_inputs`."""
    from transformers.utils import TensorType

    flat: dict[str, Any] = {}
    for name, value in config.generate_dummy_inputs(preprocessor, framework=TensorType.PYTORCH).items():
        if isinstance(value, (list, tuple)):
            flat.update(config.flatten_output_collection_property(name, value))
        else:
            flat[name] = value
    flat = dict(config.generate_dummy_inputs_onnxruntime(flat))
    _add_text_companions(flat, config.inputs)
    dtype = getattr(model, "dtype", None)
    made = {name: _of_type(tensor, dtype) for name, tensor in flat.items() if hasattr(tensor, "is_floating_point")}
    return made if model is None else as_cached(config, model, made)


def dropped_inputs(config: Any, preprocessor: Any) -> list[str]:
    """Names the preprocessor makes and the graph does not take."""
    made = config.generate_dummy_inputs(preprocessor, framework="pt")
    return [name for name in made if name not in config.inputs and name != "past_key_values"]


def described(config: Any, preprocessor: Any, model: Any) -> tuple[str, ...]:
    """What a model is given while it is captured, `input_ids int64 4×8`, one line a tensor.

    Raises:
        Exception: whatever the configuration raises while it makes its inputs.
    """
    drawn = make_inputs(config, template_inputs(config, preprocessor, model), TRACED)
    return tuple(
        f"{name} {str(tensor.dtype).removeprefix('torch.')} {'×'.join(map(str, tensor.shape)) or 'scalar'}"
        for name, tensor in drawn.items()
    )


def make_inputs(config: Any, template: Mapping[str, Tensor], sizes: Sizes, *, seed: int = 0) -> dict[str, Tensor]:
    """Bring template inputs to `sizes` and draw their values from `seed`.

    Token ids avoid special tokens, save for an end-of-sequence token in every row (sequence classification of the
    bart family finds its sentence by it) and padding where the sizes ask for it.

    Returns:
        Tensors by declared name, in declared order.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    drawn = {
        name: _draw(config, name, template[name], shape, generator)
        for name, shape in input_shapes(config, template, sizes).items()
    }
    pad_token = special_id(_text_config(config), "pad")
    if sizes.padding != "none":
        pad(drawn, sizes.padding, pad_token)
    if sizes.empty_row:
        empty_last_row(drawn, pad_token)
    return drawn


def input_shapes(config: Any, template: Mapping[str, Tensor], sizes: Sizes) -> dict[str, tuple[int, ...]]:
    """Shapes of all declared inputs at these sizes, in declared order."""
    sizes = settled(config, template, sizes)
    return {
        name: tuple(
            axis_length(config, template, name, axis, sizes) if axis in axes else length
            for axis, length in enumerate(template[name].shape)
        )
        for name, axes in config.inputs.items()
    }


def _of_type(tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    return tensor.to(dtype) if dtype is not None and tensor.is_floating_point() else tensor


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

    if name in MASKS:
        return torch.ones(shape, dtype=torch.int64 if given.is_floating_point() else given.dtype)
    if given.is_floating_point():
        return torch.randn(shape, generator=generator).to(given.dtype)
    return _integers(config, name, given, shape, generator).to(given.dtype)


def _integers(config: Any, name: str, given: Tensor, shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Ids, types and positions at random within their range; others as the configuration made them, in another order.

    They may mean something (boxes, a mask of some kind), so those keep their values along the last axis.
    """
    import torch

    if name.endswith("input_ids") or name == "inputs":
        return _token_ids(config, given, shape, generator)
    if name == "token_type_ids":
        # Without a table of their own, types are looked up among the tokens.
        types = int(getattr(_text_config(config), "type_vocab_size", 2) or 1)
        return torch.randint(0, types, shape, generator=generator)
    if name.endswith("position_ids"):
        return torch.rand(shape, generator=generator).argsort(-1)
    return _tiled(given, shape)


def _token_ids(config: Any, given: Tensor, shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Ids of the model's vocabulary; of the example's where the configuration does not say how large that is."""
    import torch

    text = _text_config(config)
    vocabulary = getattr(text, "vocab_size", None)
    usable = dummy.usable_token_ids(vocabulary, special_ids(text)) if vocabulary else given.flatten().tolist()
    ids = torch.tensor(usable)[torch.randint(0, len(usable), shape, generator=generator)]
    end = special_id(text, "eos")
    if end is not None and not uses_past(config):
        ids[..., -1] = end
    return ids


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
