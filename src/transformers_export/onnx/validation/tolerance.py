"""How far an output may be from PyTorch's.

The absolute tolerance holds for outputs of size one or less and grows with them, as rounding does: mobilebert's outputs
of 150 differ by 1e-5 of that. Nothing is added to it, so that a tolerance of 1e-12 means what it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_FLOOR = {"float16": 1e-2, "bfloat16": 5e-2}
"""What half precision rounds away in a few layers."""


def absolute_tolerance(atol: float, dtype: str) -> float:
    """The configuration's tolerance, or the dtype's floor where that is larger."""
    return max(atol, _FLOOR.get(dtype, 0.0))


def limit_for(expected: np.ndarray, atol: float) -> float:
    """The largest difference allowed in one output."""
    largest = float(abs(expected).max()) if expected.size else 0.0
    return atol * max(1.0, largest)
