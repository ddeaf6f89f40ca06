"""How far an output may be from PyTorch's.

The absolute tolerance holds for values of size one or less and grows with them, as rounding does: mobilebert's outputs
of 150 differ by 1e-5 of that. What counts is the largest ordinary value along the last axis, so that one column written
to -1e9 does not excuse the others. Nothing is added to it: a tolerance of 1e-12 means what it says.
"""

from __future__ import annotations

import numpy as np

_FLOOR = {"float16": 1e-2, "bfloat16": 2e-2}
"""What half precision rounds away in a few layers, where nobody asked for another tolerance.

Graphs in bfloat16 are run in float32 (`widening.py`); what is left is constants that were rounded when traced, such as
the factor of attention: 2**-8 each.
"""

_ORDINARY = 1e4
"""Values above are written by masking, not computed: they excuse themselves alone."""


def tolerance_for(asked: float | None, declared: float, dtype: str) -> float:
    """The caller's tolerance; else the configuration's, or the dtype's floor where that is larger."""
    return asked if asked is not None else max(declared, _FLOOR.get(dtype, 0.0))


def limits_for(expected: np.ndarray, atol: float) -> np.ndarray:
    """The largest difference allowed at every element; broadcasts to `expected`."""
    size = np.abs(expected.astype(np.float64))
    ordinary = np.where(size < _ORDINARY, size, 0.0)
    along = ordinary.max(axis=-1, keepdims=True, initial=0.0) if ordinary.ndim else ordinary
    return atol * np.maximum(1.0, np.maximum(along, size))
