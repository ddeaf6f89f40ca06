"""Check 5: tokens decoded one after another through the graph's cache give what one full forward gives.

The full forward runs in PyTorch without any cache, so this also proves the order and layout of past and present.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from transformers_export.onnx import cache
from transformers_export.onnx.inputs import Sizes, is_seq2seq, make_inputs
from transformers_export.onnx.validation.runs import Subject, run_graph
from transformers_export.onnx.validation.types import Check
from transformers_export.onnx.validation.values import difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BATCH, _PREFILL, _STEPS = 2, 5, (1, 3)
"""Tokens decoded in one go at each step; the first step is what generation does, the second what drafting does."""

_KNOWN = {"input_ids", "attention_mask", "position_ids", "decoder_input_ids", "decoder_attention_mask"}


def check_past(subject: Subject) -> Check:
    """Prefill, decode, and compare every decoded position with the full forward."""
    plain = [name for name in subject.config.inputs if not name.startswith("past_key_values.")]
    unknown = sorted(set(plain) - _KNOWN)
    if unknown:
        return Check("past", "not-run", f"no way known to continue the inputs {', '.join(unknown)} token by token")
    output = next(iter(subject.config.outputs))
    try:
        compared = list(_decode(subject, output))
    except Exception as error:
        reason = (str(error).strip().splitlines() or [""])[0][:300]
        return Check("past", "failed", f"decoding through the graph failed: {type(error).__name__}: {reason}")
    problems = [problem for _, _, problem in compared if problem]
    if problems:
        return Check("past", "failed", f"{output}: {problems[0]}")
    worst, share = max(c[0] for c in compared), max(c[1] for c in compared)
    detail = f"{_PREFILL} tokens prefilled, {sum(_steps(subject))} decoded: max |Δ| {worst:.1e}"
    return Check("past", "passed" if share <= 1 else "failed", detail, figure=share, limit=1.0)


def _decode(subject: Subject, output: str) -> Iterator[tuple[float, float, str]]:
    steps = _steps(subject)
    total = _PREFILL + sum(steps)
    sizes = Sizes(batch=_BATCH, decoder=total, past=0)
    tokens = _tokens(subject, sizes if is_seq2seq(subject.config) else replace(sizes, sequence=total))
    full = _full_forward(subject, tokens, total)[output].numpy()
    past = _prefill(subject, tokens)
    start = _PREFILL
    for step in steps:
        inputs = {**_inputs(subject, tokens, start, start + step), **past}
        outputs = run_graph(subject.session, inputs)
        yield difference(full[:, start : start + step], outputs[output], subject.atol)
        past = {
            f"past_key_values{name.removeprefix('present')}": outputs[name] for name in outputs if "present." in name
        }
        start += step


def _steps(subject: Subject) -> tuple[int, ...]:
    """Configurations of transformers.onnx fix the decoder's length: then every step has it."""
    if is_seq2seq(subject.config) and 1 not in subject.config.inputs["decoder_input_ids"]:
        return (subject.template["decoder_input_ids"].shape[1],) * len(_STEPS)
    return _STEPS


def _tokens(subject: Subject, sizes: Sizes) -> dict[str, Any]:
    """Ids for the whole text; a decoder axis that is not declared would not grow, so it is drawn apart."""
    tensors = make_inputs(subject.config, subject.template, sizes, seed=2)
    kept = {name: tensor for name, tensor in tensors.items() if name.endswith("input_ids")}
    if is_seq2seq(subject.config) and kept["decoder_input_ids"].shape[1] != sizes.decoder:
        longer = make_inputs(subject.config, subject.template, Sizes(batch=_BATCH, sequence=sizes.decoder), seed=3)
        kept["decoder_input_ids"] = longer["input_ids"]
    return kept


def _full_forward(subject: Subject, tokens: Mapping[str, Any], length: int, *, use_cache: bool = False) -> Any:
    """PyTorch on the first `length` tokens, without a cache given; asked for one only where it is read."""
    import torch

    model = subject.flat.model
    name = "decoder_input_ids" if is_seq2seq(subject.config) else "input_ids"
    cut = {**tokens, name: tokens[name][:, :length]}
    masks = {
        mask: torch.ones_like(cut[ids])
        for ids, mask in (("input_ids", "attention_mask"), ("decoder_input_ids", "decoder_attention_mask"))
        if ids in cut and mask in subject.config.inputs
    }
    return model(**cut, **masks, use_cache=use_cache, return_dict=True)


def _prefill(subject: Subject, tokens: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Past after the first tokens: through the graph itself, from an empty cache.

    With an encoder it comes from PyTorch, as the graph takes the encoder's keys and values and never makes them.
    """
    if is_seq2seq(subject.config):
        layers = cache.layers(_full_forward(subject, tokens, _PREFILL, use_cache=True)["past_key_values"])
        flat = subject.config.flatten_output_collection_property("past_key_values", layers)
        return {name: tensor.numpy() for name, tensor in flat.items()}
    empty = make_inputs(subject.config, subject.template, Sizes(batch=_BATCH, past=0))
    start = {name: tensor.numpy() for name, tensor in empty.items() if name.startswith("past_key_values.")}
    outputs = run_graph(subject.session, {**_inputs(subject, tokens, 0, _PREFILL), **start})
    return {f"past_key_values{name.removeprefix('present')}": outputs[name] for name in outputs if "present." in name}


def _inputs(subject: Subject, tokens: Mapping[str, Any], start: int, stop: int) -> dict[str, np.ndarray]:
    """What the graph takes for the tokens from `start` to `stop`, beside the past."""
    declared = subject.config.inputs
    decoding = "decoder_input_ids" if is_seq2seq(subject.config) else "input_ids"
    inputs: dict[str, np.ndarray] = {decoding: tokens[decoding][:, start:stop].numpy()}
    mask = decoding.replace("input_ids", "attention_mask")
    if mask in declared:
        inputs[mask] = np.ones((_BATCH, stop), dtype=np.int64)
    if "position_ids" in declared:
        inputs["position_ids"] = np.tile(np.arange(start, stop, dtype=np.int64), (_BATCH, 1))
    if decoding == "decoder_input_ids":
        inputs["input_ids"] = tokens["input_ids"].numpy()
        if "attention_mask" in declared:
            inputs["attention_mask"] = np.ones_like(inputs["input_ids"])
    return inputs
