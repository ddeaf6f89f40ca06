"""What is wrong with a TensorFlow checkpoint, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN = 5


class TensorFlowCheckpointError(OSError):
    """The checkpoint cannot be read into the PyTorch model; an OSError, as `from_pretrained` raises for its own."""


def listed(names: Sequence[str]) -> str:
    """The first few of these names, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
