"""Padding of drawn inputs: half of the first row, on the side asked for; all of the last row where it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from torch import Tensor

    from transformers_export.onnx.inputs import Padding

_IMAGE_MASK = "pixel_mask"
"""`[batch, height, width]`: images of a batch are padded to the largest."""
MASKS = ("attention_mask", "decoder_attention_mask", "encoder_attention_mask", _IMAGE_MASK)


def empty_last_row(drawn: Mapping[str, Tensor], pad_token: int | None) -> None:
    """Mask the last row in place, everywhere; of its token ids only the last stays, moved to the front.

    Classifiers look for an end-of-sequence token in every row.
    """
    for name in MASKS:
        mask = drawn.get(name)
        if mask is None:
            continue
        mask[-1] = 0
        ids = _ids_beside(drawn, name)
        if ids is not None and pad_token is not None:
            ids[-1, ..., 0] = ids[-1, ..., -1]
            ids[-1, ..., 1:] = pad_token


def pad(drawn: Mapping[str, Tensor], side: Padding, pad_token: int | None) -> None:
    """Pad in place every mask, and the token ids beside it.

    Right padding ends the new tokens; the row's last token moves inside what is attended. Left padding begins what the
    mask covers: the cache where it covers one, as in generation from prompts of different lengths.
    """
    for name in MASKS:
        mask = drawn.get(name)
        if mask is None:
            continue
        if name == _IMAGE_MASK and side == "right":
            mask[0, mask.shape[1] - mask.shape[1] // 4 :] = 0  # below as well
        ids = _ids_beside(drawn, name)
        new = mask.shape[-1] if ids is None else ids.shape[-1]
        past = mask.shape[-1] - new
        if side == "right":
            _pad_right(mask, ids, new - new // 2, past, pad_token)
        elif past:
            mask[0, ..., : past // 2] = 0
        else:
            mask[0, ..., : new // 2] = 0
            if ids is not None and pad_token is not None:
                ids[0, ..., : new // 2] = pad_token


def is_padded(inputs: Mapping[str, np.ndarray]) -> bool:
    """Tell whether some position is masked."""
    return any((inputs[name] == 0).any() for name in MASKS if name in inputs)


def declares_mask(config: Any) -> bool:
    """Tell whether a configuration takes a mask at all: images of one size do not."""
    return any(name in config.inputs for name in MASKS)


def _ids_beside(drawn: Mapping[str, Tensor], mask: str) -> Tensor | None:
    """The token ids that a mask is over; None where it is over sound or images."""
    ids = drawn.get(mask.replace("attention_mask", "input_ids"), drawn.get("inputs"))
    return None if ids is None or ids.is_floating_point() else ids


def _pad_right(mask: Tensor, ids: Tensor | None, kept: int, past: int, pad_token: int | None) -> None:
    mask[0, ..., past + kept :] = 0
    if ids is None:
        return
    ids[0, ..., kept - 1] = ids[0, ..., -1]
    if pad_token is not None:
        ids[0, ..., kept:] = pad_token
