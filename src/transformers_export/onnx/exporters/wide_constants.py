"""Numbers of float64 models that float32 cannot hold, such as the least number that masks are filled with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy
import onnx_ir

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FLOAT32 = numpy.finfo(numpy.float32)


def typed_by_value(determine: Callable[..., onnx_ir.DataType]) -> Callable[..., onnx_ir.DataType]:
    """Return torch's choice of a constant's type, with float64 where float32 would make it infinite or zero.

    torch writes every Python number whose type no other input decides as float32 and casts it afterwards: the least
    float64 becomes minus infinity, which gives NaN where a mask multiplies it by zero.

    Args:
        determine: `torch.onnx._internal.exporter._building._determine_input_dtype`.
    """

    def determine_wide(parameter: Any, argument: Any, bound: Mapping[Any, Any]) -> onnx_ir.DataType:
        chosen = determine(parameter, argument, bound)
        constraint = parameter.type_constraint
        free = constraint not in bound and len(constraint.allowed_types) > 1
        return onnx_ir.DataType.DOUBLE if free and chosen == onnx_ir.DataType.FLOAT and _is_wide(argument) else chosen

    return determine_wide


def _is_wide(value: object) -> bool:
    """Tell whether float32 would make a number infinite or zero that is neither."""
    if not isinstance(value, float) or value == 0 or not math.isfinite(value):
        return False
    return not float(_FLOAT32.smallest_subnormal) <= abs(value) <= float(_FLOAT32.max)
