"""What `forward()` and its outputs call the cache of keys and values: transformers 5.24 renamed `past_key_values`.

Names in the ONNX file do not follow: `past_key_values.N.key` and `present.N.key` stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

DECLARED = "past_key_values"
"""What a configuration's inputs call it, and every name of an input in the file begins with."""
NAMES = ("cache", DECLARED)
"""The new name first: outputs of 5.24 answer to the old one too, with a warning."""


def find(names: Container[str]) -> str | None:
    """Return which of the names is the cache's, among the parameters of a `forward()` or the fields of an output."""
    return next((name for name in NAMES if name in names), None)
