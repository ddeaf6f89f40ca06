"""Asking PyTorch which sizes a model takes, before anybody holds a graph to them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from transformers_export.onnx.inputs import TRACED, Sizes, make_inputs
from transformers_export.onnx.lengths import free_labels, is_seq2seq

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from transformers_export.onnx.flat import FlatModel


def outputs_at(flat: FlatModel, config: Any, template: Mapping[str, Tensor], sizes: Sizes) -> tuple[Tensor, ...]:
    """Run the model at some sizes, on the device it is on."""
    inputs = make_inputs(config, template, sizes)
    device = next(flat.parameters()).device
    return flat(*(inputs[name].to(device) for name in flat.input_names))


def takes(flat: FlatModel, config: Any, template: Mapping[str, Tensor], sizes: Sizes) -> bool:
    """Tell whether the model runs at these sizes."""
    try:
        outputs_at(flat, config, template, sizes)
    except (ArithmeticError, AssertionError, LookupError, RuntimeError, TypeError, ValueError):
        return False
    return True


def tied(flat: FlatModel, config: Any, template: Mapping[str, Tensor], sizes: Sizes) -> Sizes:
    """The sizes, with both sides of one length where a sequence-to-sequence model refuses two.

    Classification in the bart family does, although transformers.onnx declares two lengths.
    """
    if not is_seq2seq(config) or takes(flat, config, template, sizes):
        return sizes
    return replace(sizes, decoder=sizes.sequence)


def free_lengths(flat: FlatModel, config: Any, template: Mapping[str, Tensor]) -> tuple[tuple[str, int], ...]:
    """Twice the length for every free label that the model takes so, all of them together where it takes that."""
    doubled = tuple((label, 2 * length) for label, length in sorted(free_labels(config, template).items()))
    if not doubled or takes(flat, config, template, replace(TRACED, others=doubled)):
        return doubled
    return tuple(each for each in doubled if takes(flat, config, template, replace(TRACED, others=(each,))))
