"""Shapes of past keys and values as the model itself caches them, which its configuration cannot say.

What it names heads may be cached repeated, or compressed for all heads together, and versions of transformers differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch

from transformers_export import cache_names
from transformers_export.onnx import cache, dummy
from transformers_export.onnx.flat import FlatModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

_PAST = f"{cache_names.DECLARED}."
_SEEN: WeakKeyDictionary[nn.Module, list[tuple[tuple[int, ...], ...]]] = WeakKeyDictionary()
"""What each model cached, so that a large one runs once for it."""


def as_cached(config: Any, model: nn.Module, made: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give example inputs the past that the model would make: axes that do not vary get the length they have there.

    Args:
        config: The OnnxConfig.
        model: Run once on the first token. Where it refuses, or caches otherwise than it is declared, nothing changes.
        made: Example inputs by declared name.
    """
    given = dict(made)
    names = [name for name in config.inputs if name.startswith(_PAST) and name in made]
    if not names or "input_ids" not in made or "decoder_input_ids" in made:
        return given
    if model not in _SEEN:
        _SEEN[model] = _run(config, model, made["input_ids"][:1, :1])
    try:
        found = config.flatten_output_collection_property(cache_names.DECLARED, _SEEN[model])
    except (IndexError, ValueError):  # a pair is declared where the model caches something else
        return given
    for name in names:
        tensor, shape = made[name], found.get(name, ())
        varying = {axis for axis in config.inputs[name] if axis != 0}
        if len(shape) != tensor.ndim or any(shape[axis] != 1 for axis in varying):
            continue
        fitted = tuple(
            length if axis in config.inputs[name] else shape[axis] for axis, length in enumerate(tensor.shape)
        )
        if fitted != tuple(tensor.shape):
            given[name] = dummy.pair(fitted)[0].to(tensor.dtype)
    return given


def _run(config: Any, model: nn.Module, token: Tensor) -> list[tuple[tuple[int, ...], ...]]:
    """The shapes of what the model caches of one token, one tuple a layer; empty where it cannot say."""
    device = next((parameter.device for parameter in model.parameters()), None)
    try:
        with torch.no_grad():
            result = FlatModel(model, config).call({"input_ids": token.to(device)}, use_cache=True)
            return [tuple(tuple(each.shape) for each in layer) for layer in cache.layers(cache.returned(result))]
    except Exception:  # whatever the model raises; that is said where it is exported
        return []
