"""Files that are right up to a length of the configuration and wrong beyond it."""

from __future__ import annotations

from functools import partial

from support import long_texts
from support.wrong_exports.types import Defect, FromAnotherModel

_SAID = {
    "window-lost": ("attends beyond the sliding window", "mistral without its window"),
    "long-factors-lost": ("turns long texts by the factors of short ones", "phi3 without its long factors"),
    "dynamic-ntk-frozen": ("never stretches rotary positions", "llama that never stretches"),
}

DEFECTS = tuple(
    Defect(
        name,
        what,
        subject,
        "values",
        FromAnotherModel(partial(long_texts.wrong, subject, "causal-lm")),
        says="input_ids 1×65",
    )
    for name, (what, subject) in _SAID.items()
)
