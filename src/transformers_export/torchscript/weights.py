"""The weights of a trace: its own, tied or not as asked for, and never the model's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from transformers_export.torchscript.manifest import TiedWeights

_WRAPPER = "model."


def tied_names(module: Any) -> tuple[tuple[str, ...], ...]:
    """Names of parameters that are one tensor in memory, in groups of two and more."""
    groups: dict[Any, list[str]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        groups.setdefault(_place(parameter), []).append(name.removeprefix(_WRAPPER))
    return tuple(tuple(names) for names in groups.values() if len(names) > 1)


def own_weights(module: Any, tied_weights: TiedWeights) -> None:
    """Give a trace weights of its own, without gradients: a trace holds the model's tensors otherwise.

    Args:
        module: The traced module; changed in place.
        tied_weights: `shared` keeps weights that are one tensor as one, `cloned` gives each name its own.
    """
    copies: dict[Any, nn.Parameter] = {}
    for holder, name, parameter in list(_parameters(module)):
        place = _place(parameter)
        if tied_weights == "cloned" or place not in copies:
            copies[place] = nn.Parameter(parameter.detach().clone(), requires_grad=False)
        setattr(holder, name, copies[place])
    for holder in list(module.modules()):
        for name, buffer in list(holder.named_buffers(recurse=False)):
            setattr(holder, name, buffer.detach().clone())


def _parameters(module: Any) -> Iterator[tuple[Any, str, Tensor]]:
    for holder in module.modules():
        for name, parameter in holder.named_parameters(recurse=False):
            yield holder, name, parameter


def _place(tensor: Tensor) -> Any:
    """Where a tensor lies in memory; an empty one lies nowhere and is like no other."""
    return (tensor.data_ptr(), tuple(tensor.shape), tensor.stride()) if tensor.numel() else id(tensor)
