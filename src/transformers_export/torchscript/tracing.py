"""`trace()`: from a model and example inputs to a traced model with a manifest. The model is left as it was.

What `torchscript=True` did in transformers 4 is done here, as transformers 5 ignores it: outputs are a tuple, tied
weights are shared or cloned, the model is in evaluation mode and no gradient is kept.
"""

from __future__ import annotations

import contextlib
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Protocol

import torch

import transformers_export
from transformers_export.onnx.branches import every_way
from transformers_export.onnx.flat import named_signature, prepared
from transformers_export.torchscript import kinds, neuron
from transformers_export.torchscript.given import GivenInputs, declare, named
from transformers_export.torchscript.loading import TracedModel
from transformers_export.torchscript.manifest import Manifest
from transformers_export.torchscript.manifest import Tensor as Description
from transformers_export.torchscript.quiet import quiet
from transformers_export.torchscript.weights import own_weights, tied_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from transformers_export.onnx.flat import FlatModel
    from transformers_export.torchscript.manifest import Kind, Target, TiedWeights


_NEURON = ("torch-neuronx", "neuronx-cc", "torch-neuron", "neuron-cc")
"""Distributions of the SDK whose versions a compiled file depends on."""


class Tracer(Protocol):
    """What captures the model: `torch.jit.trace`, `torch_neuronx.trace`, or one like them."""

    def __call__(self, module: FlatModel, example_inputs: tuple[Tensor, ...], /) -> Any:
        """Return a torch.jit.ScriptModule that computes what the module does."""


def trace(
    model: Any,
    inputs: Mapping[str, Tensor] | Sequence[Tensor],
    *,
    config: Any = None,
    tied_weights: TiedWeights = "shared",
    freeze: bool = False,
    optimize_for_inference: bool = False,
    fixed: bool = False,
    target: Target = "torchscript",
    tracer: Tracer | None = None,
) -> TracedModel:
    """Trace a model.

    Args:
        model: A transformers PyTorch model; left as it was. The trace has weights of its own.
        inputs: Example tensors by declared name, on the CPU; a list stands for the first parameters of `forward()`.
        config: Its OnnxConfig, which declares the names; without one what is given and returned is declared.
        tied_weights: `shared` keeps weights that the model uses twice as one, `cloned` gives each use its own.
        freeze: Fold the weights into the graph (`torch.jit.freeze`).
        optimize_for_inference: Freeze, then let torch fuse and rewrite (`torch.jit.optimize_for_inference`).
        fixed: The trace is meant for inputs of exactly these shapes; others are refused by name and `pad_to` pads.
        target: `neuron` compiles with AWS's SDK, always fixed.
        tracer: In place of the target's own: called with the module and a tuple of tensors.

    Raises:
        ValueError: The model does not take these inputs, or the options exclude each other.
        NeuronMissingError: The target is `neuron` and its SDK is not installed.
    """
    if target == "neuron" and (freeze or optimize_for_inference):
        raise ValueError("Neuron's compiler freezes and optimizes itself: leave freeze and optimize_for_inference out.")
    capture = tracer or (neuron.find_tracer() if target == "neuron" else _jit_trace)
    given = named(model, inputs)
    config = config if config is not None else declare(model, given)
    with prepared(model, config) as flat:
        flat.check_inputs()
        ordered = _ordered(flat, given)
        outputs = _outputs(flat, ordered)
        with quiet(tracing=True) as remarks, named_signature(flat, flat.input_names), every_way(model):
            module = capture(flat, tuple(ordered.values()))
        if not isinstance(module, torch.jit.ScriptModule):
            raise TypeError(f"Expected the tracer to return a torch.jit.ScriptModule, got {type(module).__name__}.")
        tied = tied_names(module)
        if target == "torchscript":
            own_weights(module, tied_weights)
        module = _rewritten(module, freeze=freeze, optimize_for_inference=optimize_for_inference)
        tensors = _descriptions(flat, config, ordered, outputs)
        pad_token_id = _pad_token(flat.config)
    manifest = Manifest(
        model_class=type(model).__name__,
        model_type=str(getattr(model.config, "model_type", "")),
        task="" if isinstance(config, GivenInputs) else str(getattr(config, "task", "")),
        target=target,
        fixed=fixed or target == "neuron",
        inputs=tensors[: len(ordered)],
        outputs=tensors[len(ordered) :],
        versions=_versions(target),
        tied_weights=tied_weights,
        tied=tied,
        frozen=freeze or optimize_for_inference,
        optimized=optimize_for_inference,
        pad_token_id=pad_token_id,
        remarks=tuple(remarks),
    )
    return TracedModel(module, manifest)


def _jit_trace(module: FlatModel, example_inputs: tuple[Tensor, ...], /) -> Any:
    """Without torch's own second run: validation asks more, at more sizes."""
    return torch.jit.trace(module, example_inputs, check_trace=False)


def _ordered(flat: FlatModel, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    missing = [name for name in flat.input_names if name not in given]
    if missing:
        raise ValueError(f"The inputs {missing} are declared and were not given; given were {list(given)}.")
    return {name: given[name] for name in flat.input_names}


def _outputs(flat: FlatModel, ordered: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
    try:
        return flat(*ordered.values())
    except (IndexError, RuntimeError) as error:
        shapes = ", ".join(f"{name} {list(tensor.shape)}" for name, tensor in ordered.items())
        raise ValueError(f"The model does not take {shapes}: {type(error).__name__}: {error}") from error


def _rewritten(module: Any, *, freeze: bool, optimize_for_inference: bool) -> Any:
    with quiet():
        if optimize_for_inference:
            return torch.jit.optimize_for_inference(module.eval())
        return torch.jit.freeze(module.eval()) if freeze else module


def _descriptions(
    flat: FlatModel, config: Any, ordered: Mapping[str, Tensor], outputs: Sequence[Tensor]
) -> tuple[Description, ...]:
    tensors = {**ordered, **dict(zip(flat.output_names, outputs, strict=True))}
    axes = {**config.inputs, **config.outputs}
    found: dict[str, dict[int, Kind]] = {**kinds.of_inputs(config, ordered), **kinds.of_outputs(flat, config, ordered)}
    return tuple(
        Description(
            name,
            str(tensor.dtype).removeprefix("torch."),
            tuple(tensor.shape),
            {axis: label for axis, label in axes[name].items() if axis < tensor.ndim},
            found.get(name, {}),
        )
        for name, tensor in tensors.items()
    )


def _pad_token(config: Any) -> int | None:
    getter = getattr(config, "get_text_config", None)
    token = getattr(getter() if getter else config, "pad_token_id", None)
    return token if isinstance(token, int) else None


def _versions(target: Target) -> dict[str, str]:
    import transformers

    versions = {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "transformers": transformers.__version__,
        "transformers-export": transformers_export.__version__,
    }
    for name in _NEURON if target == "neuron" else ():
        with contextlib.suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions
