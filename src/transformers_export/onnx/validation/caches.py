"""What is wrong with the cache that a graph gives back, held against the cache of one full forward in PyTorch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from transformers_export.onnx import cache
from transformers_export.onnx.validation.values import difference, is_swapped_layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor

    from transformers_export.onnx.validation.runs import Subject

_PRESENT = re.compile(r"present\.(\d+)\.(?:(decoder|encoder)\.)?(key|value)")
_PLACES = {(None, "key"): 0, (None, "value"): 1, ("decoder", "key"): 0, ("decoder", "value"): 1}
_PLACES |= {("encoder", "key"): 2, ("encoder", "value"): 3}
_LENGTH = 2
"""The axis of a cache that grows: `[batch, heads, length, head size]`."""


@dataclass(frozen=True)
class Step:
    """The tokens that one run of the graph decodes."""

    start: int
    stop: int


def full_caches(subject: Subject, whole: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Every cache that the configuration declares by a name of the known form, after all tokens at once in PyTorch.

    The form decides which is which, and not the configuration's own flattening: that is what is checked. Empty where
    the model itself makes no cache: MBart's decoder does not, where it has more layers than the encoder it is told of.
    """
    try:
        result = subject.flat.call(whole, use_cache=True)
    except Exception:  # whatever the model raises; the values that it decodes are compared all the same
        return {}
    layers = cache.layers(cache.returned(result))
    found: dict[str, np.ndarray] = {}
    for name in subject.flat.output_names:
        if match := _PRESENT.fullmatch(name):
            layer, place = int(match[1]), _PLACES[match[2], match[3]]
            if layer < len(layers) and place < len(layers[layer]) and layers[layer][place].ndim == 4:
                found[name] = layers[layer][place].numpy()
    return found


def wrong_cache(
    outputs: Mapping[str, np.ndarray],
    caches: Mapping[str, np.ndarray],
    step: Step,
    mask: np.ndarray | None,
    subject: Subject,
) -> Iterator[str]:
    """Say what is wrong with the caches that one run gave, a sentence each.

    Args:
        outputs: The graph's outputs.
        caches: PyTorch's, after all tokens.
        step: What was decoded.
        mask: `[batch, tokens]`; what a cache holds of masked tokens is no one's business.
        subject: What is validated.
    """
    for name, full in caches.items():
        if name not in outputs:
            yield f"{name} is not given back"
            continue
        length = full.shape[_LENGTH]
        if ".encoder." in name:
            expected, ignored = full, None
        elif mask is not None and length != mask.shape[1]:
            continue  # a cache that keeps less than all tokens
        else:
            expected = full[:, :, : step.stop]
            ignored = None if mask is None else (mask[:, None, : step.stop, None] == 0)
        said = _what_is_wrong(name, outputs[name], expected, ignored, step, subject.atol)
        if said:
            others = {other: array for other, array in caches.items() if other != name}
            yield _in_words(name, outputs[name], expected, others, step, ignored, subject.atol) or said


def _what_is_wrong(
    name: str, actual: np.ndarray, expected: np.ndarray, ignored: np.ndarray | None, step: Step, atol: float
) -> str:
    worst, share, problem = difference(expected, actual, atol, ignored)
    if problem:
        return f"{name} after {step.stop} tokens: {problem}"
    if share > 1:
        return f"{name} after {step.stop} tokens is not the full forward's cache: max |Δ| {worst:.1e}"
    return ""


def _in_words(
    name: str,
    actual: np.ndarray,
    expected: np.ndarray,
    others: Mapping[str, np.ndarray],
    step: Step,
    ignored: np.ndarray | None,
    atol: float,
) -> str:
    """The known mistake that explains a wrong cache, or nothing."""
    new, past = step.stop - step.start, step.start
    batch, heads, _, size = expected.shape
    if is_swapped_layout(actual.shape, expected.shape):
        said = "×".join(map(str, actual.shape))
        return f"{name} has heads and length swapped: it is {said}, and [batch, heads, length, head size] was expected"
    if actual.shape == (batch, heads, new, size) and past:
        return f"{name} holds only the {new} new tokens: the {past} that were cached are lost"
    if actual.shape == (batch, heads, past, size):
        return f"{name} holds only the {past} tokens that were cached: the {new} new ones are missing"
    if actual.shape != expected.shape or ".encoder." in name:
        return ""
    turned = np.concatenate([expected[:, :, past:], expected[:, :, :past]], axis=_LENGTH)
    if past and np.allclose(actual, turned, rtol=0, atol=atol * 10):
        return f"{name} has the new tokens before the cached ones: they were concatenated in the wrong order"
    for other, full in others.items():
        if full[:, :, : step.stop].shape == actual.shape:
            _, share, problem = difference(full[:, :, : step.stop], actual, atol, ignored)
            if not problem and share <= 1:
                return f"{name} holds what {other} should hold"
    return ""
