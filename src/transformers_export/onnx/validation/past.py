"""Check `past`: decoding through the graph's cache, token by token and in one go, gives what one full forward gives.

The full forward runs in PyTorch without any cache, so this also proves the order and layout of past and present: graph
and wrapper could agree with each other on a wrong one. What is wrong with a cache is said in `caches.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from transformers_export.onnx import cache, positions
from transformers_export.onnx.inputs import Sizes
from transformers_export.onnx.lengths import fixes_decoder, is_seq2seq
from transformers_export.onnx.validation.caches import Step, full_caches, wrong_cache
from transformers_export.onnx.validation.runs import PAST, first_line
from transformers_export.onnx.validation.types import Check
from transformers_export.onnx.validation.values import difference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy as np
    from torch import Tensor

    from transformers_export.onnx.validation.runs import Subject


@dataclass(frozen=True)
class Schedule:
    """How many tokens are decoded when."""

    batch: int = 2
    encoder: int | None = None
    """Tokens on the encoder's side; as many as the decoder's in all where None."""
    prefill: int = 5
    ways: tuple[tuple[int, ...], ...] = ((1, 1, 1), (3,))
    """Tokens decoded at each step after the prefill, each way from there anew: one by one, as generation does, and
    several in one go, as drafting does. All of them decode as many in all."""
    padded: int = 2
    """Positions masked at the start of the first row, as generation from prompts of different lengths has them."""
    through_graph: bool = True
    """Whether the graph prefills too, from an empty cache; PyTorch does where it has an encoder, or False."""

    @property
    def decoded(self) -> int:
        """Tokens decoded in all, each way."""
        return sum(self.ways[0])


_BY_TOKEN = ("input_ids", "attention_mask", "position_ids", "token_type_ids")
"""Inputs of a decoder that grow with its tokens."""


def check_past_across(subject: Subject, lengths: Sequence[int]) -> Check:
    """Decode as `check_past` does, and then across every length at which the model computes something else."""
    check = check_past(subject)
    for length in lengths:
        if check.outcome != "passed":
            return check
        start = max(1, length - 2)
        more = check_past(subject, Schedule(batch=1, prefill=start, ways=((1, 1, 1, 1), (4,)), padded=0))
        if more.outcome != "passed":
            return replace(more, detail=f"decoding across {length} tokens: {more.detail}")
        share = max(check.figure or 0.0, more.figure or 0.0)
        check = replace(check, detail=f"{check.detail}; across {length} tokens: {more.detail}", figure=share)
    return check


def check_past(subject: Subject, schedule: Schedule | None = None) -> Check:
    """Prefill, decode, and compare every decoded position and every cache with the full forward."""
    schedule = _fitting(subject, schedule or Schedule())
    unknown = [name for name in _new_tokens(subject) if name.removeprefix("decoder_") not in _BY_TOKEN]
    if unknown:
        return Check("past", "not-run", f"no way known to continue the inputs {', '.join(unknown)} token by token")
    output = next(iter(subject.config.outputs))
    try:
        worst, share, problem = _worst(_decode(subject, output, schedule))
        # Where positions are stretched meanwhile, PyTorch's own cache is not that of a full forward either.
        if (problem or share > 1) and not schedule.padded:
            worst, share, problem = _worst(_step_by_step(subject, schedule))
    except Exception as error:
        return Check("past", "failed", f"decoding through the graph failed: {first_line(error)}")
    if problem:
        return Check("past", "failed", problem)
    ways = " and ".join("one by one" if len(way) == sum(way) else "in one go" for way in schedule.ways)
    detail = f"{schedule.prefill} tokens prefilled, {schedule.decoded} decoded {ways}: max |Δ| {worst:.1e}"
    return Check("past", "passed" if share <= 1 else "failed", detail, figure=share, limit=1.0)


def _worst(compared: Iterable[tuple[float, float, str]]) -> tuple[float, float, str]:
    """The largest difference and share, up to the first comparison that has another problem."""
    worst = share = 0.0
    for largest, part, problem in compared:
        if problem:
            return worst, share, problem
        worst, share = max(worst, largest), max(share, part)
    return worst, share, ""


def _step_by_step(subject: Subject, schedule: Schedule) -> Iterator[tuple[float, float, str]]:
    """The same steps through both, every one of them from the graph's own cache."""
    flat, whole = subject.flat, _whole_text(subject, schedule)
    begun, _ = _prefill(subject, whole, replace(schedule, prefill=1))
    for way in ((schedule.prefill - 1, *way) for way in schedule.ways):
        cached, start = begun, 1
        for count in filter(None, way):
            given = {**_slice(subject, whole, start, start + count), **cached}
            expected = flat(*(torch.from_numpy(given[name]) for name in flat.input_names))
            outputs = subject.graph(given)
            for name, tensor in zip(flat.output_names, expected, strict=True):
                largest, share, problem = difference(tensor.numpy(), outputs[name], subject.atol)
                yield largest, share, f"{name} after {start + count} tokens: {problem}" if problem else ""
            cached, start = {**cached, **_as_past(outputs)}, start + count


def _decode(subject: Subject, output: str, schedule: Schedule) -> Iterator[tuple[float, float, str]]:
    """Each comparison: largest difference, share of the tolerance, what else is wrong."""
    whole = _whole_text(subject, schedule)
    full = subject.flat.call({**whole, **_generated_positions(subject, whole)}, use_cache=False)[output].numpy()
    caches = full_caches(subject, {**whole, **_generated_positions(subject, whole)})
    mask = _decoded_mask(subject, whole)
    past, given = _prefill(subject, whole, schedule)
    if given:
        first = Step(0, schedule.prefill)
        yield from ((0.0, 0.0, problem) for problem in wrong_cache(given, caches, first, mask, subject))
    for way in schedule.ways:
        cached, start = past, schedule.prefill
        for count in way:
            step = Step(start, start + count)
            outputs = subject.graph({**_slice(subject, whole, step.start, step.stop), **cached})
            yield from ((0.0, 0.0, problem) for problem in wrong_cache(outputs, caches, step, mask, subject))
            largest, share, problem = difference(full[:, step.start : step.stop], outputs[output], subject.atol)
            yield largest, share, f"{output}: {problem}" if problem else ""
            cached, start = {**cached, **_as_past(outputs)}, step.stop


def _generated_positions(subject: Subject, text: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What `generate()` would hand to the model beside these inputs, made anew: XGLM adds to it in place."""
    if positions.NAME in text or not {"input_ids", "attention_mask"} <= set(text):
        return {}
    made = positions.as_generated(subject.flat.model, text["input_ids"], text["attention_mask"])
    return {} if made is None else {positions.NAME: made}


def _decoded_mask(subject: Subject, whole: Mapping[str, Tensor]) -> np.ndarray | None:
    """The mask on the decoded side, `[batch, tokens]`; None where there is none."""
    name = next((name for name in _new_tokens(subject) if name.endswith("attention_mask")), None)
    return whole[name].numpy() if name else None


def _fitting(subject: Subject, schedule: Schedule) -> Schedule:
    """Configurations of transformers.onnx fix the decoder's length: then every step has it."""
    if fixes_decoder(subject.config):
        length = subject.template["decoder_input_ids"].shape[1]
        return replace(schedule, ways=((length, length),))
    return schedule


def _new_tokens(subject: Subject) -> list[str]:
    """Declared inputs on the side that is decoded, past apart; the other side's and its states stay as they are."""
    names = [name for name in subject.config.inputs if not name.startswith(("past_key_values.", "encoder_"))]
    return [name for name in names if name.startswith("decoder_")] if is_seq2seq(subject.config) else names


def _whole_text(subject: Subject, schedule: Schedule) -> dict[str, Tensor]:
    """Every input but the past, for all tokens at once; the first row begins with padding on the decoded side."""
    total = schedule.prefill + schedule.decoded
    sizes = Sizes(batch=schedule.batch, sequence=schedule.encoder or total, decoder=total, past=0)
    drawn = subject.draw(sizes, PAST)
    whole = {name: tensor for name, tensor in drawn.items() if not name.startswith("past_key_values.")}
    shape = (schedule.batch, total)
    for name in _new_tokens(subject):
        if name.endswith("input_ids") and whole[name].shape != shape:  # fixed by the declaration
            repeats = -(-total // whole[name].shape[1])
            whole[name] = whole[name].repeat(1, repeats)[:, :total]
        elif name.endswith("attention_mask"):
            whole[name] = whole[name].new_ones(shape)
            whole[name][0, : min(schedule.padded, schedule.prefill - 1)] = 0
        elif name.endswith("position_ids"):
            whole[name] = whole[name].new_tensor(range(total)).expand(shape)
    return whole


def _slice(subject: Subject, whole: Mapping[str, Tensor], start: int, stop: int) -> dict[str, np.ndarray]:
    """The graph's inputs for the tokens from `start` to `stop`; the mask covers what is before them too."""
    sliced = {name: tensor.numpy() for name, tensor in whole.items()}
    for name in _new_tokens(subject):
        sliced[name] = sliced[name][:, (0 if name.endswith("attention_mask") else start) : stop]
    return sliced


def _prefill(
    subject: Subject, whole: Mapping[str, Tensor], schedule: Schedule
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Past after the first tokens, and what the graph gave with it: it prefills itself, from an empty cache.

    With an encoder past comes from PyTorch, as the graph takes the encoder's keys and values and never makes them.
    """
    if is_seq2seq(subject.config) or not schedule.through_graph:
        decoded = _new_tokens(subject)
        begun = {name: tensor[:, : schedule.prefill] if name in decoded else tensor for name, tensor in whole.items()}
        result = subject.flat.call({**begun, **_generated_positions(subject, begun)}, use_cache=True)
        layers = cache.layers(cache.returned(result))
        flat = subject.config.flatten_output_collection_property("past_key_values", layers)
        return {name: tensor.numpy() for name, tensor in flat.items()}, {}
    empty = subject.draw(Sizes(batch=schedule.batch, past=0), PAST)
    start = {name: tensor.numpy() for name, tensor in empty.items() if name.startswith("past_key_values.")}
    outputs = subject.graph({**_slice(subject, whole, 0, schedule.prefill), **start})
    return _as_past(outputs), outputs


def _as_past(outputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What one step gave, as the next one takes it."""
    return {
        f"past_key_values{name.removeprefix('present')}": array
        for name, array in outputs.items()
        if name.startswith("present.")
    }
