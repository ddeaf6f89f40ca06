"""Small models with random weights large enough that every input shows in every output.

Default initialisation (standard deviation 0.02, biases and position tables 0) makes outputs of a small model so small
that an ignored mask stays within an absolute tolerance. Here each weight is drawn at the scale that keeps
signals near 1.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from transformers_export.tiny.models import construct, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

EMBEDDING = 0.5
"""Standard deviation of tables that are looked up and added: tokens, positions, token types."""
NUDGE = 0.1
"""Standard deviation of what is added to norms and biases, around where they start."""
NEGLIGIBLE = 0.2
"""Parameters that all lie below this are taken for freshly initialised ones and drawn again."""
_SCALING = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.GroupNorm, nn.LayerNorm)
"""Norms that multiply by their weight; norms of models' own may multiply by one more than it."""


def build_model(model_class: Any, config: Any, *, seed: int = 0, attn_implementation: str | None = None) -> Any:
    """Build a model with random weights, in float32 and eval mode.

    Args:
        model_class: an Auto class or a model class.
        config: a configuration, usually from `shrink`. It is copied, not kept.
        seed: equal seeds give equal weights. The global random state stays as it was.
        attn_implementation: as for `from_pretrained`, e.g. "eager" for old opsets.

    Raises:
        ValueError: the Auto class knows no model for this configuration.
    """
    found = resolve(model_class, config)
    config = copy.deepcopy(config)
    if attn_implementation is not None:
        config._attn_implementation = attn_implementation
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = construct(found, config).float().eval()
        redraw(model)
    model.config.architectures = [found.__name__]
    return model


@torch.no_grad()
def redraw(model: nn.Module) -> None:
    """Draw every learned parameter again, in place, from the global generator; buffers and fixed tables stay.

    In place, so that tied weights stay tied: a shared parameter is drawn once, by the first module that holds it.
    """
    seen: set[int] = set()
    gain = _gain(model)
    for module, name, parameter in _own_parameters(model):
        if id(parameter) in seen or not parameter.requires_grad:
            continue
        seen.add(id(parameter))
        _draw(module, name, parameter, gain if isinstance(module, nn.Conv2d) else 1.0)


def _own_parameters(model: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Parameter]]:
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            yield module, name, parameter


def _draw(module: nn.Module, name: str, parameter: nn.Parameter, gain: float) -> None:
    if is_norm(module):
        if isinstance(module, _SCALING) and name == "weight" and parameter.abs().max() < NEGLIGIBLE:
            parameter.fill_(1)  # some models start them at zero, and each such layer makes signals ten times smaller
        parameter.add_(torch.randn_like(parameter), alpha=NUDGE)
    elif isinstance(module, nn.Embedding):
        parameter.normal_(0, EMBEDDING)
        if module.padding_idx is not None:
            parameter[module.padding_idx] = 0
    elif name.startswith("bias") or (name.endswith("bias") and parameter.ndim == 1):
        parameter.add_(torch.randn_like(parameter), alpha=NUDGE)
    elif name == "weight" and parameter.ndim > 1:
        parameter.normal_(0, gain / math.sqrt(fan_in(module, parameter)))
    elif parameter.numel() and parameter.abs().max() < NEGLIGIBLE:
        parameter.normal_(0, _scale(parameter))


def _gain(model: nn.Module) -> float:
    """Part of what a bounded ReLU behind each of many convolutions takes: else nothing of an image is left.

    Not all of it (1.41): networks that add what they skipped would grow from block to block.
    """
    return 1.2 if any(isinstance(module, nn.ReLU6) for module in model.modules()) else 1.0


def is_norm(module: nn.Module) -> bool:
    """Whether this is a normalisation layer; most are classes of their own, so the name decides."""
    return "norm" in type(module).__name__.lower()


def fan_in(module: nn.Module, weight: torch.Tensor) -> int:
    """Return over how many inputs one output sums."""
    if type(module).__name__ == "Conv1D":  # transformers' own: a linear layer stored the other way round
        return weight.shape[0]
    if isinstance(module, (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)):
        return max(1, weight.shape[0] * math.prod(weight.shape[2:]) // math.prod(module.stride))
    return math.prod(weight.shape[1:])


def _scale(parameter: torch.Tensor) -> float:
    """Choose the scale of a parameter that no known layer holds: class tokens and scales, or stacked matrices."""
    if parameter.ndim < 2 or parameter.shape[0] == 1:
        return EMBEDDING
    return 1 / math.sqrt(max(parameter.shape[-2:]))
