"""`pad_to`: smaller inputs through a trace that takes only the traced shapes. torch alone is imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from transformers_export.torchscript.loading import SizeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from transformers_export.torchscript.loading import TracedModel
    from transformers_export.torchscript.manifest import Kind, Manifest
    from transformers_export.torchscript.manifest import Tensor as Description

_ROWS = ("batch", "choices")
_MASKED: Mapping[str, str] = {"sequence": "attention_mask", "past+sequence": "attention_mask"}
"""Kinds that may be padded only where a mask says which positions are padding. A decoder never looks ahead, so what is
padded behind its tokens needs none."""
_TEXT = ("sequence", "decoder", "past+sequence", "past+decoder")


def pad_to(traced: TracedModel, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Pad inputs and masks up to the traced shapes, run the trace, and cut the outputs back.

    Sequences are padded on the right with the padding token, and masked; rows are filled up with the last one.
    What is longer than the traced length is left as it is: the trace decides. A model whose values change with padding
    (a convolution over the tokens, say) changes them here too: `validate` says for which that is so.

    Args:
        traced: What `load` or `trace` gave.
        inputs: Tensors by name, none longer than traced where the trace is fixed.

    Returns:
        Outputs by name, of the lengths they have for `inputs`.

    Raises:
        SizeError: A length that cannot be padded: of a past, an image, or a text without a mask.
    """
    manifest = traced.manifest
    given = _lengths(manifest, inputs)
    padded = {
        tensor.name: _pad(manifest, tensor, inputs[tensor.name]) for tensor in manifest.inputs if tensor.name in inputs
    }
    unknown = {name: tensor for name, tensor in inputs.items() if name not in padded}
    outputs = traced(**padded, **unknown)
    return {tensor.name: _cut(tensor, outputs[tensor.name], given) for tensor in manifest.outputs}


def _lengths(manifest: Manifest, inputs: Mapping[str, Tensor]) -> dict[Kind, int]:
    return {
        kind: inputs[tensor.name].shape[axis]
        for tensor in manifest.inputs
        if tensor.name in inputs
        for axis, kind in tensor.kinds.items()
    }


def _pad(manifest: Manifest, traced: Description, tensor: Tensor) -> Tensor:
    for axis, kind in traced.kinds.items():
        lacking = traced.shape[axis] - tensor.shape[axis]
        if lacking <= 0:
            continue
        _require_paddable(manifest, traced, axis, kind, tensor.shape[axis])
        last = tensor.narrow(axis, tensor.shape[axis] - 1, 1)
        repeats = [lacking if place == axis else 1 for place in range(tensor.ndim)]
        filler = last.repeat(repeats)
        if kind not in _ROWS:
            filler = torch.full_like(filler, _filling(manifest, traced.name))
        tensor = torch.cat([tensor, filler], dim=axis)
    return tensor


def _filling(manifest: Manifest, name: str) -> int:
    """Tokens are padded with the padding token; masks, types, positions and features with nothing."""
    is_tokens = name.endswith("input_ids") or name == "inputs"
    return manifest.pad_token_id or 0 if is_tokens else 0


def _require_paddable(manifest: Manifest, traced: Description, axis: int, kind: Kind, length: int) -> None:
    label = traced.axes.get(axis, kind)
    what = f"{traced.name} has {label} {length} and was traced at {traced.shape[axis]}"
    if length == 0:
        raise SizeError(f"{what}: nothing is there to pad.")
    if kind not in (*_ROWS, *_TEXT):
        raise SizeError(f"{what}: only batches and sequences can be padded. Trace the model at that length.")
    mask = _MASKED.get(kind)
    if mask is not None and mask not in manifest.input_names:
        raise SizeError(
            f"{what}: without an input {mask} nothing says which positions are padding. Trace the model with it."
        )


def _cut(traced: Description, output: Tensor, given: Mapping[Kind, int]) -> Tensor:
    for axis, kind in traced.kinds.items():
        length = _asked(kind, given)
        if length is None:
            raise SizeError(f"What decides axis {axis} of {traced.name} is not known: it cannot be cut back.")
        if length < output.shape[axis]:
            output = output.narrow(axis, 0, length)
    return output


def _asked(kind: Kind, given: Mapping[Kind, int]) -> int | None:
    if kind in given:
        return given[kind]
    parts: list[Kind] = [part for part in ("past", "sequence", "decoder") if part in kind.split("+")]
    return sum(given[part] for part in parts) if parts and all(part in given for part in parts) else None
