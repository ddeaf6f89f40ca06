"""Token ids that a model's configuration gives a meaning: padding, the end of a sequence, and others.

A checkpoint may name one id, several or none, and ids that its vocabulary does not have: -1, or those of the larger
model it was cut from. Only ids that can be looked up count.
"""

from __future__ import annotations

from typing import Any


def special_ids(text: Any) -> list[int]:
    """Return every usable special id that a configuration names."""
    return [token for name in dir(text) if name.endswith("_token_id") for token in _usable(text, name)]


def special_id(text: Any, role: str) -> int | None:
    """Return the first usable id of a role such as `eos` or `pad`; None where there is none."""
    return next(iter(_usable(text, f"{role}_token_id")), None)


def _usable(text: Any, name: str) -> list[int]:
    """Return the ids of one field that are inside the vocabulary, as far as its size is known."""
    value, vocabulary = getattr(text, name, None), getattr(text, "vocab_size", None)
    ids = value if isinstance(value, (list, tuple)) else [value]
    whole = [token for token in ids if isinstance(token, int) and not isinstance(token, bool)]
    return [token for token in whole if token >= 0 and (not isinstance(vocabulary, int) or token < vocabulary)]
