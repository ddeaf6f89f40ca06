"""Which line of a model calls an operator that could not be translated: exporters that trace first no longer know."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from transformers_export.onnx.flat import prepared
from transformers_export.onnx.inputs import TRACED, make_inputs, template_inputs
from transformers_export.onnx.locating.eager import is_torchs

if TYPE_CHECKING:
    from types import FrameType


def line_calling(operator: str, model: Any, config: Any, preprocessor: Any) -> tuple[str, int, str] | None:
    """Call the model once and find who calls an operator.

    Args:
        operator: Its name as an exporter says it, `aten::linalg_svdvals` or `aten._linalg_svd.default`.
        model: The PyTorch model; left as it was.
        config: Its OnnxConfig.
        preprocessor: What makes its inputs.

    Returns:
        File, line and function of the innermost code that is not torch's; None where nothing calls it.

    Raises:
        Exception: whatever the model raises.
    """
    name = re.split(r"::|\.", operator)[1]
    calls: list[tuple[str, int, str]] = []
    with prepared(model, config) as flat:
        drawn = make_inputs(config, template_inputs(config, preprocessor, model), TRACED)
        with _Functions(name, calls), _Operators(name, calls):
            flat(*(drawn[tensor] for tensor in flat.input_names))
    return next(iter(calls), None)


class _Functions(TorchFunctionMode):
    """Sees what Python calls: `torch.linalg.svdvals` is `linalg_svdvals`."""

    def __init__(self, name: str, calls: list[tuple[str, int, str]]) -> None:
        super().__init__()
        self.name, self.calls = name, calls

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") == self.name:
            self.calls.extend(_caller(sys._getframe(1)))
        return func(*args, **(kwargs or {}))


class _Operators(TorchDispatchMode):
    """Sees what that becomes: `aten._linalg_svd`."""

    def __init__(self, name: str, calls: list[tuple[str, int, str]]) -> None:
        super().__init__()
        self.name, self.calls = name, calls

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if isinstance(func, torch._ops.OpOverload) and func.overloadpacket.__name__ == self.name:
            self.calls.extend(_caller(sys._getframe(1)))
        return func(*args, **(kwargs or {}))


def _caller(frame: FrameType | None) -> list[tuple[str, int, str]]:
    while frame is not None:
        if frame.f_code.co_filename != __file__ and not is_torchs(frame.f_code.co_filename):
            return [(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)]
        frame = frame.f_back
    return []
