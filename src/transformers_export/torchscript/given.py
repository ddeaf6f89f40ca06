"""What is declared of a model that is traced with tensors at hand instead of a registered configuration."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from transformers_export.onnx.config import OnnxConfig
from transformers_export.onnx.flat import prepared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from transformers_export.onnx.config import Axes


class GivenInputs(OnnxConfig):
    """Declares exactly the tensors that were given, and every tensor the model returns for them.

    Args:
        model: The model.
        inputs: Its inputs by name.
    """

    def __init__(self, model: Any, inputs: Mapping[str, Tensor]) -> None:
        super().__init__(model.config)
        self._given = dict(inputs)
        self._outputs: tuple[str, ...] = ()
        with prepared(model, self) as flat:
            flat.check_inputs()
            self._outputs = _names_of(flat.call(self._given))
        if not self._outputs:
            raise ValueError(f"{type(model).__name__} returned no tensor for the inputs {list(inputs)}.")

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """The given names: text varies in batch and sequence (and choices), everything else in its batch."""
        return {name: _axes(name, tensor) for name, tensor in self._given.items()}

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """What the model returned; nothing is said of how those axes vary."""
        return {name: {} for name in self._outputs}

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """The given tensors."""
        return dict(self._given)


def declare(model: Any, inputs: Mapping[str, Tensor] | Sequence[Tensor]) -> GivenInputs:
    """Declare a model's inputs by tensors at hand, for `trace` and `validate`.

    Args:
        model: A transformers model.
        inputs: Tensors by name, or in the order of the parameters of `forward()`: mind that the second of a text model
            is its mask.

    Raises:
        ValueError: `forward()` does not take one of them, or past key values are among them.
    """
    if any(name.startswith("past_key_values") for name in named(model, inputs)):
        raise ValueError("Past key values need a configuration that names them: pass config= with past.")
    return GivenInputs(model, named(model, inputs))


def named(model: Any, inputs: Mapping[str, Tensor] | Sequence[Tensor]) -> dict[str, Tensor]:
    """Inputs by name; a sequence takes its names from the parameters of `forward()`.

    Raises:
        ValueError: More tensors than parameters.
    """
    if not isinstance(inputs, (list, tuple)):
        return dict(inputs)  # type: ignore[arg-type]
    names = list(inspect.signature(model.forward).parameters)
    if len(inputs) > len(names):
        raise ValueError(f"Expected at most {len(names)} tensors, for {names}; got {len(inputs)}.")
    return dict(zip(names, inputs, strict=False))


def _names_of(result: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the tensors in a model's output: `logits`, `hidden_states.0`."""
    names: list[str] = []
    for key, value in result.items():
        if hasattr(value, "dtype"):
            names.append(key)
        elif isinstance(value, (list, tuple)) and all(hasattr(each, "dtype") for each in value):
            names += [f"{key}.{place}" for place in range(len(value))]
    return tuple(names)


def _axes(name: str, tensor: Tensor) -> Axes:
    side = "decoder_sequence" if name.startswith("decoder_") else "sequence"
    if tensor.is_floating_point() and name != "inputs_embeds":
        return {0: "batch"}
    if name == "inputs_embeds" or tensor.ndim == 2:
        return {0: "batch", 1: side}
    if tensor.ndim == 3 and name != "bbox":
        return {0: "batch", 1: "choice", 2: side}
    return {0: "batch", 1: side} if name == "bbox" else {0: "batch"}
