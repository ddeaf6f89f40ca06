"""The model as a function of flat, named tensors: what is exported, traced and compared.

`forward` takes the declared inputs in order, rebuilds the cache object the model wants, calls the model and returns the
declared outputs in order. One wrapper serves both exporters, validation and TorchScript.
"""

from __future__ import annotations

import inspect
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from transformers_export import cache_names
from transformers_export.onnx import cache, positions
from transformers_export.onnx.branches import forgetful
from transformers_export.onnx.masks import without_vmap
from transformers_export.onnx.results import by_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_PAST = re.compile(r"past_key_values\.(\d+)\.(?:(decoder|encoder)\.)?(key|value)")
_STATES = "encoder_hidden_states"
_NESTED = re.compile(r"(.+)\.(\d+)")


class OutputMissingError(ValueError):
    """A declared output that the model does not return."""


class FlatModel(nn.Module):
    """Wraps a model so that it takes and gives flat tensors under declared names.

    Args:
        model: A transformers model in evaluation mode.
        config: Its OnnxConfig.
    """

    def __init__(self, model: nn.Module, config: Any) -> None:
        super().__init__()
        self.model = model
        self.config = model.config
        self._takes = inspect.signature(model.forward).parameters
        self._is_open = any(each.kind is each.VAR_KEYWORD for each in self._takes.values())
        past = any(_PAST.fullmatch(name) for name in config.inputs)
        follows = past and "attention_mask" in config.inputs and positions.NAME not in config.inputs
        self._positions = positions.rule(model) if follows else None
        self._cache_name = cache.parameter(model) if past else cache_names.DECLARED
        self.input_names: tuple[str, ...] = self._in_forward_order(config.inputs)
        self.output_names: tuple[str, ...] = tuple(config.outputs)
        self._onnx_config = config

    def forward(self, *tensors: Tensor, **named: Tensor) -> tuple[Tensor, ...]:
        """Call the model.

        Args:
            *tensors: The declared inputs in order, or
            **named: the same by `identifier` of their names.

        Returns:
            The declared outputs in order.

        Raises:
            OutputMissingError: The model does not return a declared output.
        """
        given = tensors or tuple(named[identifier(name)] for name in self.input_names)
        inputs = dict(zip(self.input_names, given, strict=True))
        outputs = self._flatten(self.call(self._arguments(inputs)))
        return tuple(_distinct([outputs[name] for name in self.output_names], given))

    def call(self, arguments: Mapping[str, Any], **switches: bool) -> Mapping[str, Any]:
        """Call the model, with those switches (`use_cache`) that its `forward()` takes; return its outputs by name."""
        asked = {"return_dict": True, **switches}
        taken = {name: value for name, value in asked.items() if self._is_open or name in self._takes}
        return by_name(self.model(**arguments, **taken), self.output_names)

    def check_inputs(self) -> None:
        """Compare the declared inputs with the signature of `forward()`.

        Raises:
            ValueError: One is declared that `forward()` does not take.
        """
        known = set(self._takes)
        if self._is_open:
            known |= {"attention_mask", positions.NAME, self._cache_name}
        if "encoder_outputs" in known:
            known.add(_STATES)
        unknown = [name for name in self.input_names if self._parameter(name) not in known]
        if unknown:
            raise ValueError(
                f"{type(self._onnx_config).__name__} declares the inputs {unknown}, which "
                f"{type(self.model).__name__}.forward() does not take; it takes {sorted(self._takes)}. "
                "Correct `inputs` of the configuration."
            )

    def _in_forward_order(self, declared: Mapping[str, Any]) -> tuple[str, ...]:
        """Declared names as `forward()` orders its parameters; what comes through `**kwargs` stays behind them."""
        parameters = list(self._takes)

        def position(name: str) -> int:
            parameter = self._parameter(name)
            return parameters.index(parameter) if parameter in parameters else len(parameters)

        return tuple(sorted(declared, key=position))

    def _parameter(self, name: str) -> str:
        """The parameter of `forward()` that a declared input goes to."""
        first = name.split(".")[0]
        return self._cache_name if first == cache_names.DECLARED else first

    def _arguments(self, inputs: Mapping[str, Tensor]) -> dict[str, Any]:
        plain: dict[str, Any] = {name: tensor for name, tensor in inputs.items() if not _PAST.fullmatch(name)}
        if _STATES in plain and _STATES not in self._takes:
            plain["encoder_outputs"] = (plain.pop(_STATES),)  # as a decoder's own file names it
        if self._positions is not None:
            plain[positions.NAME] = self._positions(plain["attention_mask"], plain["input_ids"])
        if not any(_PAST.fullmatch(name) for name in inputs):
            return plain
        return {**plain, self._cache_name: cache.build(self.model, _by_layer(inputs))}

    def _flatten(self, result: Mapping[str, Any]) -> dict[str, Tensor]:
        flat: dict[str, Tensor] = {}
        for name in self.output_names:
            if name in result:
                flat[name] = result[name]
            elif (nested := _NESTED.fullmatch(name)) and nested[1] in result:
                flat[name] = result[nested[1]][int(nested[2])]
        if any(name.startswith("present.") for name in self.output_names):
            layers = cache.layers(cache.returned(result))
            flat.update(self._onnx_config.flatten_output_collection_property("present", layers))
        missing = [name for name in self.output_names if name not in flat]
        if missing:
            raise OutputMissingError(
                f"{type(self.model).__name__} does not return the declared outputs {missing}; it returns "
                f"{sorted(result)}. Correct `outputs` of {type(self._onnx_config).__name__}."
            )
        return flat


def identifier(name: str) -> str:
    """A tensor's name as a Python identifier: `past_key_values.0.key` has dots."""
    return name.replace(".", "__")


@contextmanager
def named_signature(flat: FlatModel, names: Iterable[str]) -> Iterator[None]:
    """Give `forward()` one parameter a tensor: what captures it reads the signature, and bundles `*` and `**`."""
    original = flat.forward

    def forward(*tensors: Tensor, **named: Tensor) -> tuple[Tensor, ...]:
        return original(*tensors, **named)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(identifier(name), kind) for name in names]
    forward.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    setattr(flat, "forward", forward)  # noqa: B010  (the checkers see a method)
    try:
        yield
    finally:
        del flat.forward


@contextmanager
def prepared(model: nn.Module, config: Any) -> Iterator[FlatModel]:
    """Give the flat model in evaluation mode, without gradients, its `values_override` set; undo all of it after.

    What `forward()` itself leaves on modules is taken back too: while a model is captured, that is no real tensor.

    A value that layers read when they are built has a setter on the model (`set_attention_type`, say): it is called.
    """
    override: Mapping[str, Any] = config.values_override or {}
    missing = object()
    before = {key: getattr(model.config, key, missing) for key in override}
    training = [module for module in model.modules() if module.training]
    for key, value in override.items():
        setattr(model.config, key, value)
    built = [found for key in override if (found := _setter(model, key))]
    for setter, _ in built:
        setter(override[setter.__name__.removeprefix("set_")])
    # After the setters: they compare with what a module keeps, and do nothing where it is put back before them.
    attributes = [(module, dict(vars(module)), _tables(module)) for module in model.modules()]
    # The wrapper too: exporters put back the mode they find on it, all the way down.
    flat = FlatModel(model, config).eval()
    try:
        with torch.no_grad(), without_vmap(), forgetful(model), returning_names(model):
            yield flat
    finally:
        for module, kept, tables in attributes:
            vars(module).clear()
            vars(module).update(kept)
            for table, entries in tables:
                table.clear()
                table.update(entries)
        for setter, value in built:
            setter(value)
        for module in training:
            module.training = True
        for key, value in before.items():
            if value is missing:
                delattr(model.config, key)
            else:
                setattr(model.config, key, value)


def _tables(module: nn.Module) -> list[tuple[dict[Any, Any], dict[Any, Any]]]:
    """What a module keeps in mappings (buffers, hooks, caches of its own, ...), each with its entries now.

    transformers adds hooks in the first forward and remembers that in an attribute: both are put back, or neither.
    """
    return [(table, dict(table)) for table in vars(module).values() if isinstance(table, dict)]


@contextmanager
def returning_names(model: nn.Module) -> Iterator[None]:
    """Let every part of a model return its outputs by name, also where its configuration asks for tuples."""
    configs = {id(config): config for module in model.modules() if (config := getattr(module, "config", None))}
    asked = {"return_dict": True, "torchscript": False}
    changed = [
        (config, name, getattr(config, name))
        for config in configs.values()
        for name, value in asked.items()
        if getattr(config, name, value) != value
    ]
    for config, name, _ in changed:
        setattr(config, name, asked[name])
    try:
        yield
    finally:
        for config, name, value in changed:
            setattr(config, name, value)


def _setter(model: nn.Module, key: str) -> tuple[Callable[[Any], None], Any] | None:
    """The outermost setter of a value that a model keeps from when it was built, and the value now."""
    for module in model.modules():
        setter = getattr(module, f"set_{key}", None)
        if callable(setter) and hasattr(module, key):
            return setter, getattr(module, key)
    return None


def _by_layer(inputs: Mapping[str, Tensor]) -> list[tuple[Tensor, ...]]:
    """Past tensors as one tuple a layer, in declared order: (key, value) or decoder pair then encoder pair."""
    found: dict[int, list[Tensor]] = {}
    for name, tensor in inputs.items():
        if match := _PAST.fullmatch(name):
            found.setdefault(int(match[1]), []).append(tensor)
    return [tuple(found[layer]) for layer in sorted(found)]


def _distinct(outputs: Sequence[Tensor], inputs: Sequence[Tensor]) -> list[Tensor]:
    """Copy an output that is an input or an earlier output, so that the graph keeps a name for each."""
    seen = {id(tensor) for tensor in inputs}
    distinct = []
    for tensor in outputs:
        distinct.append(tensor.clone() if id(tensor) in seen else tensor)
        seen.add(id(tensor))
    return distinct
