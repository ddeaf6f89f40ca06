"""Past key values between flat tensors and the cache objects of transformers 4 and 5.

Layers are set directly: `DynamicCache.update` on an empty layer would leave a Concat with nothing in the graph.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from transformers_export import cache_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor, nn


def parameter(model: nn.Module) -> str:
    """Return which parameter of `forward()` takes the cache.

    A `forward()` that hands it on in `**kwargs` does not name it: the first inner module that does decides.
    """
    named = (cache_names.find(inspect.signature(module.forward).parameters) for module in model.modules())
    return next((name for name in named if name), cache_names.DECLARED)


def returned(result: Mapping[str, Any]) -> Any:
    """Return the cache among a model's outputs, or None."""
    name = cache_names.find(result)
    return result[name] if name else None


def build(model: nn.Module, past: Sequence[tuple[Tensor, ...]]) -> Any:
    """Build the cache that the model takes.

    Args:
        model: The model; decides between a cache object and plain tuples (most models of transformers 4).
        past: One tuple a layer: (key, value), or (key, value, encoder key, encoder value).
    """
    if not _takes_cache_object(model):
        return tuple(past)
    own = _dynamic_cache([(layer[0], layer[1]) for layer in past])
    reads_states = bool(getattr(model.config, "add_cross_attention", False))
    if len(past[0]) == 2 and not reads_states:
        return own
    from transformers import DynamicCache, EncoderDecoderCache

    if len(past[0]) == 2:  # keys and values of the encoder's states are made anew
        return EncoderDecoderCache(own, DynamicCache())
    both = EncoderDecoderCache(own, _dynamic_cache([(layer[2], layer[3]) for layer in past]))
    both.is_updated = dict.fromkeys(range(len(past)), True)
    return both


def layers(past: Any) -> list[tuple[Tensor, ...]]:
    """Read the cache that a model returned, one tuple a layer; empty for None.

    Layers that hold nothing (a cache made longer than the model) are left out.
    """
    if past is None:
        return []
    if isinstance(past, (list, tuple)):
        return [tuple(layer) for layer in past]
    if hasattr(past, "self_attention_cache"):
        own, cross = layers(past.self_attention_cache), layers(past.cross_attention_cache)
        return [(*a, *b) for a, b in zip(own, cross, strict=True)] if cross else own
    if hasattr(past, "layers"):
        return [(layer.keys, layer.values) for layer in past.layers if layer.keys is not None]
    return list(zip(past.key_cache, past.value_cache, strict=True))


def _dynamic_cache(pairs: Sequence[tuple[Tensor, Tensor]]) -> Any:
    from transformers import DynamicCache

    built = DynamicCache()
    if not hasattr(built, "layers"):
        built.key_cache = [key for key, _ in pairs]
        built.value_cache = [value for _, value in pairs]
        built._seen_tokens = pairs[0][0].shape[-2]
        return built
    from transformers.cache_utils import DynamicLayer

    built.layers = [_layer(DynamicLayer(), key, value) for key, value in pairs]
    return built


def _layer(layer: Any, key: Tensor, value: Tensor) -> Any:
    layer.keys, layer.values = key, value
    layer.dtype, layer.device = key.dtype, key.device
    layer.is_initialized = True
    return layer


def _takes_cache_object(model: nn.Module) -> bool:
    """transformers 4 marks the models that do; in 5 all do and the mark is gone."""
    mark = getattr(model, "_supports_cache_class", None)
    if mark is not None:
        return bool(mark)
    import transformers

    return (
        int(transformers.__version__.split(".")[0]) >= 5
        or "cache_position" in inspect.signature(model.forward).parameters
    )
