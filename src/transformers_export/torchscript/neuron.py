"""AWS Neuron: finding the SDK's tracer. A package of its name may be an empty stand-in, so attributes decide."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = ("torch_neuronx", "torch.neuron", "torch_neuron")
"""Modules that have `trace`: for Inf2 and Trn1, then for Inf1."""


class NeuronMissingError(RuntimeError):
    """The SDK is not installed here."""


def find_tracer() -> Any:
    """`torch_neuronx.trace`, or `torch.neuron.trace`: called with the module and a tuple of example inputs.

    Raises:
        NeuronMissingError: Neither is there.
    """
    return _find().trace


def require_runtime() -> None:
    """Import what registers Neuron's operators: without it torch cannot load a compiled file.

    Raises:
        NeuronMissingError: The SDK is not installed.
    """
    _find()


def _find() -> Any:
    found = []
    for name in _HOMES:
        try:
            module = import_module(name)
        except ImportError:
            continue
        if callable(getattr(module, "trace", None)):
            return module
        found.append(name)
    stand_in = f" {', '.join(found)} can be imported and has no trace(): it is an empty stand-in." if found else ""
    raise NeuronMissingError(
        f"The target neuron needs AWS's Neuron SDK: expected torch_neuronx.trace or torch.neuron.trace.{stand_in} "
        "Install torch-neuronx and neuronx-cc from AWS's own package index, as its Neuron documentation says."
    )
