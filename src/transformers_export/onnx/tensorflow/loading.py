"""A PyTorch model with the weights of a TensorFlow checkpoint."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from transformers_export.onnx import missing
from transformers_export.onnx.tensorflow import matching, reading
from transformers_export.onnx.tensorflow.errors import TensorFlowCheckpointError, listed
from transformers_export.onnx.tensorflow.locate import weights_of
from transformers_export.onnx.tensorflow.names import axes

if TYPE_CHECKING:
    from transformers_export.onnx.tensorflow.matching import Match, Target
    from transformers_export.onnx.tensorflow.reading import Weight

logger = logging.getLogger("transformers_export.onnx")


def load(
    model: str,
    model_class: Any,
    cache_dir: str | None = None,
    *,
    allow_missing_weights: bool = False,
    **options: Any,
) -> Any:
    """Read a checkpoint that holds `tf_model.h5`, or its shards, into a PyTorch model.

    Args:
        model: Hub id or directory.
        model_class: An Auto class, or a model class.
        cache_dir: Where transformers keeps what it downloads.
        allow_missing_weights: Draw weights that the checkpoint does not have at random, with a warning.
        **options: For the model, e.g. `attn_implementation="eager"`.

    Returns:
        The model in float32 and eval mode.

    Raises:
        TensorFlowCheckpointError: A file cannot be read, or weights and model do not fit.
        ValueError: The class has no model for this configuration.
    """
    from transformers import AutoConfig

    trusted = {"trust_remote_code": options.pop("trust_remote_code", False)}
    config = AutoConfig.from_pretrained(model, cache_dir=cache_dir, **trusted)
    weights = weights_of(model, cache_dir)
    loaded = _build(model_class, config, options)
    target = describe(loaded)
    found = matching.match(weights, target)
    if _lacks_pooler_alone(found):
        loaded, target, found = _without_pooler(model_class, config, options, weights, (loaded, target, found))
    if allow_missing_weights:
        missing.warn_random(target.model, found.missing)
    else:
        matching.require_complete(found, target, ", ".join(getattr(config, "architectures", None) or []))
    _set(loaded, found)
    if found.unused:
        logger.warning("%s does not take these weights of the checkpoint: %s", target.model, listed(found.unused))
    return loaded


def describe(model: Any) -> Target:
    """What a model has to be set."""
    buffers = {name for name, _ in model.named_buffers(remove_duplicate=False)}
    first: dict[int, str] = {}
    tensors = {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        known = first.setdefault(id(tensor), name)
        tensors[name] = matching.Tensor(tuple(tensor.shape), known, name in buffers)
    parts = frozenset(name.partition(".")[0] for name in model.base_model.state_dict())
    return matching.Target(type(model).__name__, model.base_model_prefix, parts, tensors)


def _build(model_class: Any, config: Any, options: dict[str, Any]) -> Any:
    make = model_class.from_config if hasattr(model_class, "from_config") else model_class._from_config
    return make(config, **options).float().eval()


def _lacks_pooler_alone(found: Match) -> bool:
    """Whether the whole pooler is missing, and nothing else."""
    has_some = any(name.startswith("pooler.") for name in found.weights)
    return missing.is_pooler_alone(found.missing) and not has_some


def _without_pooler(
    model_class: Any,
    config: Any,
    options: dict[str, Any],
    weights: list[Weight],
    with_pooler: tuple[Any, Target, Match],
) -> tuple[Any, Target, Match]:
    """The base model as TensorFlow has it under most heads: where it can do without a pooler, none is left random."""
    try:
        loaded = _build(model_class, config, {**options, "add_pooling_layer": False})
    except TypeError:
        return with_pooler
    missing.say_no_pooler()
    target = describe(loaded)
    return loaded, target, matching.match(weights, target)


def _set(model: Any, found: Match) -> None:
    """Set every tensor once; names that are tied in the model and differ in the checkpoint are untied."""
    tensors = model.state_dict(keep_vars=True)
    done: dict[int, str] = {}
    for name, weights in found.weights.items():
        values, tensor = _values(weights, name), tensors[name]
        if id(tensor) not in done:
            _copy(values, tensor)
            done[id(tensor)] = name
        elif not _equal(values, tensor):
            first = done[id(tensor)]
            logger.warning("%s and %s are tied in PyTorch; the checkpoint has a weight for each.", first, name)
            _copy(values, _untied(model, name, first))


def _values(weights: tuple[Weight, ...], name: str) -> Any:
    """The values of a weight, in the order of PyTorch, which every layer that lists it must agree on."""
    import numpy

    values = _in_pytorch_order(weights[0])
    for other in weights[1:]:
        if not numpy.array_equal(values, _in_pytorch_order(other), equal_nan=True):
            raise TensorFlowCheckpointError(
                f"{weights[0].file.name} holds two weights for {name!r} that differ: {weights[0].path!r} and "
                f"{other.path!r} of {other.file.name}."
            )
    return values


def _in_pytorch_order(weight: Weight) -> Any:
    return reading.read(weight).transpose(axes(weight.name, len(weight.shape)))


def _copy(values: Any, tensor: Any) -> None:
    import torch

    with torch.no_grad():
        tensor.copy_(_as_tensor(values, tensor))


def _equal(values: Any, tensor: Any) -> bool:
    import torch

    return torch.equal(_as_tensor(values, tensor), tensor)


def _as_tensor(values: Any, like: Any) -> Any:
    import torch

    return torch.from_numpy(values.copy()).reshape(like.shape).to(like.dtype)


def _untied(model: Any, name: str, first: str) -> Any:
    """A parameter of its own under a name that was tied to another."""
    import torch

    (path, _, leaf), (other, _, _) = name.rpartition("."), first.rpartition(".")
    module = model.get_submodule(path)
    if module is model.get_submodule(other):
        raise TensorFlowCheckpointError(
            f"{first!r} and {name!r} are one part of {type(model).__name__}, and the checkpoint has a weight for each."
        )
    module.register_parameter(leaf, torch.nn.Parameter(torch.empty_like(getattr(module, leaf))))
    return getattr(module, leaf)
