"""Defects in what the whole model computes: while it is captured alone, or for good, where no export can follow it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from support.wrong_exports.types import Defect, InModelCode, WhileCaptured, WhileExporting
from transformers_export import cache_names
from transformers_export.onnx import cache, inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

Original = Any
Pair = "tuple[Tensor, Tensor]"


def _given(change: Callable[[dict[str, Any]], None]) -> Any:
    """The model sees other inputs than it is given."""

    def forward(_: Any, original: Original, **given: Any) -> Any:
        change(given)
        return original(**given)

    return forward


def _attend_to_all(given: dict[str, Any]) -> None:
    given["attention_mask"] = torch.ones_like(given["attention_mask"])


def _attend_to_all_past(given: dict[str, Any]) -> None:
    mask, new = given["attention_mask"], given["input_ids"].shape[1]
    given["attention_mask"] = torch.cat([torch.ones_like(mask[:, :-new]), mask[:, -new:]], dim=1)


def _attend_where_the_row_starts_masked(given: dict[str, Any]) -> None:
    mask = given["attention_mask"]
    given["attention_mask"] = torch.where(mask[:, :1] == 0, torch.ones_like(mask), mask)


def _decoder_attends_to_all(given: dict[str, Any]) -> None:
    given["decoder_attention_mask"] = torch.ones_like(given["decoder_attention_mask"])


def _swap_inputs(given: dict[str, Any]) -> None:
    given["attention_mask"], given["token_type_ids"] = given["token_type_ids"], given["attention_mask"]


def _drop_types(given: dict[str, Any]) -> None:
    given["token_type_ids"] = torch.zeros_like(given["token_type_ids"])


def _positions_of_the_trace(given: dict[str, Any]) -> None:
    given["position_ids"] = torch.arange(8)[None]


def _positions_after_the_traced_past(given: dict[str, Any]) -> None:
    new = given["input_ids"]
    given["position_ids"] = (torch.ones_like(new).cumsum(1) + 9).clamp(max=63)


def _shift_if_long(_: Any, original: Original, input_ids: Tensor, **given: Any) -> Any:
    if input_ids.shape[1] > 20:
        input_ids = input_ids.roll(1, dims=1)
    return original(input_ids=input_ids, **given)


def _mask_only_if_padded(_: Any, original: Original, attention_mask: Tensor, **given: Any) -> Any:
    mask = None if bool(attention_mask.all()) else attention_mask
    return original(attention_mask=mask, **given)


def _alone_otherwise(_: Any, original: Original, input_ids: Tensor, **given: Any) -> Any:
    if input_ids.shape[0] == 1:
        input_ids = input_ids.flip(1)
    return original(input_ids=input_ids, **given)


def _added_for_the_rows_captured(_: Any, original: Original, **given: Any) -> Any:
    result = original(**given)
    result.last_hidden_state = result.last_hidden_state + torch.zeros(inputs.TRACED.batch, 1, 1)
    return result


def _spread_over_the_batch(_: Any, original: Original, **given: Any) -> Any:
    result = original(**given)
    others = torch.ones_like(result.last_hidden_state[:, :1, :1]).sum() - 1
    result.last_hidden_state = result.last_hidden_state * (others / others)
    return result


def _last_traced_position(_: Any, original: Original, **given: Any) -> Any:
    result = original(**given)
    result.logits = result.logits - result.logits[:, 7:8] * 0.1
    return result


def _same_logits_twice(_: Any, original: Original, **given: Any) -> Any:
    result = original(**given)
    result.end_logits = result.start_logits * 1.0
    return result


def _nan_where_masked(_: Any, original: Original, attention_mask: Tensor, **given: Any) -> Any:
    result = original(attention_mask=attention_mask, **given)
    bias = torch.zeros_like(attention_mask, dtype=torch.float32).masked_fill(attention_mask == 0, float("-inf"))
    result.last_hidden_state = result.last_hidden_state + (bias * 0)[..., None]
    return result


def _present(change: Callable[[Tensor, int], Tensor]) -> Any:
    """Another cache is given back; `change` gets keys or values and how many of them are past."""

    def forward(model: Any, original: Original, **given: Any) -> Any:
        cached = cache.layers(given.get(cache.parameter(model)))
        past = cached[0][0].shape[2] if cached else 0
        result = original(**given)
        layers = cache.layers(cache.returned(result)) if cached else None
        if layers is not None:
            changed = [tuple(change(tensor, past) for tensor in layer) for layer in layers]
            result[cache_names.find(result)] = cache.build(model, changed)
        return result

    return forward


def _new_before_past(tensor: Tensor, past: int) -> Tensor:
    return torch.cat([tensor[:, :, past:], tensor[:, :, :past]], dim=2)


def _new_alone(tensor: Tensor, past: int) -> Tensor:
    return tensor[:, :, past:]


def _past_alone(tensor: Tensor, past: int) -> Tensor:
    return tensor[:, :, :past]


def _length_before_heads(tensor: Tensor, _: int) -> Tensor:
    return tensor.transpose(1, 2)


@contextmanager
def _traced_at(**sizes: int) -> Iterator[None]:
    """Export at other sizes than ours."""
    kept, inputs.TRACED = inputs.TRACED, replace(inputs.TRACED, **sizes)
    try:
        yield
    finally:
        inputs.TRACED = kept


NOT_CAPTURED = "torch.export refuses to capture what depends on values"

DEFECTS = (
    Defect("mask-ignored", "attends to padding", "bert-shallow", "values", WhileCaptured(_given(_attend_to_all))),
    Defect(
        "left-padding-ignored",
        "attends to padding on the left alone",
        "gpt2-shallow",
        "values",
        WhileCaptured(_given(_attend_where_the_row_starts_masked)),
    ),
    Defect(
        "mask-over-the-cache-ignored",
        "attends to padding that is in the cache",
        "gpt2-past",
        "past",
        WhileCaptured(_given(_attend_to_all_past)),
    ),
    Defect(
        "decoder-mask-ignored",
        "the decoder attends to padding in its cache",
        "t5-past",
        "values",
        WhileCaptured(_given(_decoder_attends_to_all)),
    ),
    Defect(
        "inputs-swapped",
        "attention_mask and token_type_ids are taken for each other",
        "bert-shallow",
        "values",
        WhileCaptured(_given(_swap_inputs)),
    ),
    Defect(
        "token-types-ignored",
        "token_type_ids are taken for zeros",
        "bert-shallow",
        "values",
        WhileCaptured(_given(_drop_types)),
    ),
    Defect(
        "position-ids-folded",
        "positions are those of the traced length",
        "gpt2-shallow",
        "axes",
        WhileCaptured(_given(_positions_of_the_trace)),
        says="frozen",
    ),
    Defect(
        "past-length-folded",
        "positions begin after the past that was traced",
        "gpt2-past",
        "past",
        WhileCaptured(_given(_positions_after_the_traced_past)),
    ),
    Defect(
        "trace-time-if-on-length",
        "an `if` on the length keeps the way it took when traced",
        "bert-shallow",
        "values",
        InModelCode(_shift_if_long),
    ),
    Defect(
        "trace-time-if-on-batch",
        "an `if` on the batch keeps the way it took when traced",
        "bert-shallow",
        "values",
        InModelCode(_alone_otherwise),
    ),
    Defect(
        "trace-time-if-on-values",
        "the mask is left out where nothing is padded, as when traced",
        "bert-shallow",
        "values",
        InModelCode(_mask_only_if_padded),
        exporters=("legacy",),
        elsewhere=NOT_CAPTURED,
    ),
    Defect(
        "batch-frozen",
        "a constant has as many rows as were traced",
        "bert-shallow",
        "axes",
        WhileCaptured(_added_for_the_rows_captured),
        says="frozen",
    ),
    Defect(
        "batch-1-broken",
        "divides by the other rows of the batch: NaN at batch 1",
        "bert-shallow",
        "values",
        WhileCaptured(_spread_over_the_batch),
        says="output holds NaN",
    ),
    Defect(
        "batch-frozen-at-1",
        "traced at batch 1, where torch.export fixes the axis in silence",
        "bert-shallow",
        "axes",
        WhileExporting(lambda: _traced_at(batch=1)),
        exporters=("dynamo",),
        elsewhere="the trace keeps an axis of length 1 dynamic",
    ),
    Defect(
        "last-position-of-the-trace",
        "looks at position 7, the last one traced",
        "gpt2-shallow",
        "axes",
        WhileCaptured(_last_traced_position),
    ),
    Defect(
        "same-output-twice",
        "end_logits hold what start_logits hold",
        "bert-answers",
        "values",
        WhileCaptured(_same_logits_twice),
    ),
    Defect(
        "nan-where-masked",
        "multiplies the mask's minus infinity by zero",
        "bert-shallow",
        "values",
        WhileCaptured(_nan_where_masked),
        says="output holds NaN",
    ),
    Defect(
        "cache-in-the-wrong-order",
        "the model puts new keys and values before the past",
        "gpt2-past",
        "past",
        InModelCode(_present(_new_before_past)),
    ),
    Defect(
        "cache-in-the-wrong-order-captured",
        "the graph puts new keys and values before the past",
        "gpt2-past",
        "past",
        WhileCaptured(_present(_new_before_past)),
    ),
    Defect(
        "cache-without-past",
        "the model gives back the new keys and values alone",
        "gpt2-past",
        "past",
        InModelCode(_present(_new_alone)),
    ),
    Defect(
        "cache-not-updated",
        "the graph gives back the cache it was given",
        "gpt2-past",
        "past",
        WhileCaptured(_present(_past_alone)),
    ),
    Defect(
        "cache-layout",
        "the model gives back length before heads",
        "gpt2-past",
        "past",
        InModelCode(_present(_length_before_heads)),
    ),
    Defect(
        "input-without-effect",
        "the model itself reads no mask, so nothing shows what the graph does with one",
        "bert-shallow",
        "effect",
        InModelCode(_given(_attend_to_all)),
        says="attention_mask moves no output",
    ),
)
