"""Positions of a decoder's tokens as `generate()` gives them: it counts the tokens that the mask keeps.

A model that is given no positions counts padding too, so rows that are padded on the left would get other tokens from
the graph than from `generate()`.
"""

from __future__ import annotations

import inspect
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor, nn

NAME = "position_ids"


class _Called(Exception):  # noqa: N818  (it carries what was asked for)
    def __init__(self, positions: Tensor | None) -> None:
        super().__init__()
        self.positions = positions


@dataclass(frozen=True)
class FromMask:
    """The rule by which positions follow from the mask."""

    masked: int
    """The position of masked tokens: 0 or 1, as the installed transformers has it."""

    def __call__(self, mask: Tensor, ids: Tensor) -> Tensor:
        """Positions of the ids `[batch, sequence]`, the last ones that the mask `[batch, past + sequence]` covers."""
        counted = mask.long().cumsum(-1) - 1
        positions = counted.masked_fill(mask == 0, self.masked)
        length = ids.shape[1]
        return positions.index_select(1, torch.arange(length, device=ids.device) + (mask.shape[1] - length))


def rule(model: nn.Module) -> FromMask | None:
    """Return how `generate()` makes a model's positions from the mask; None where it gives none, or others."""
    mask = torch.tensor([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]], device=_device(model))
    given = as_generated(model, torch.ones_like(mask), mask)
    if given is None or given.shape != mask.shape:
        return None
    found = FromMask(int(given[0, 0]))
    return found if torch.equal(found(mask, mask), given) else None


def as_generated(model: nn.Module, ids: Tensor, mask: Tensor) -> Tensor | None:
    """Return the positions that `generate()` hands to `forward()` with a prompt; None where it hands on none.

    It is stopped when it calls the model, so nothing is computed. A model without a head cannot generate: its positions
    are those that transformers makes for every model with a head. A decoder beside an encoder is given none.
    """
    has_encoder = any(getattr(model.config, name, False) for name in ("is_encoder_decoder", "add_cross_attention"))
    if has_encoder or NAME not in inspect.signature(model.forward).parameters:
        return None
    hook = model.register_forward_pre_hook(_stop, with_kwargs=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _generate(model, ids, mask)
    except _Called as called:
        return called.positions
    except Exception:  # whatever a model that cannot generate raises
        return _common(ids, mask)
    finally:
        hook.remove()
    return _common(ids, mask)


def _generate(model: Any, ids: Tensor, mask: Tensor) -> None:
    from transformers import GenerationConfig
    from transformers.utils import logging

    settings = GenerationConfig(max_new_tokens=1, do_sample=False, pad_token_id=0, use_cache=True)
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # no one asked for text, so nothing is to be said of its settings
    try:
        model.generate(ids, attention_mask=mask, generation_config=settings)
    finally:
        logging.set_verbosity(verbosity)


def _stop(_module: nn.Module, _given: Any, named: dict[str, Any]) -> None:
    raise _Called(named.get(NAME))


def _common(ids: Tensor, mask: Tensor) -> Tensor:
    from transformers import GenerationMixin

    make = getattr(GenerationMixin, "_prepare_position_ids_for_generation", None)
    if make is None:  # transformers 4
        return (mask.long().cumsum(-1) - 1).masked_fill(mask == 0, 1)
    made: Tensor = make(None, ids, {"attention_mask": mask})
    return made


def _device(model: nn.Module) -> torch.device | None:
    return next((parameter.device for parameter in model.parameters()), None)
