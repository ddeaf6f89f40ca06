"""Ways of capturing a graph, one a file, with one signature: `capture(flat, inputs, dynamic_axes, opset)`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import onnx_ir
    from torch import Tensor

    from transformers_export.onnx.flat import FlatModel

    Capture = Callable[[FlatModel, Mapping[str, Tensor], Mapping[str, Mapping[int, str]], int], onnx_ir.Model]

ExporterName = Literal["dynamo", "legacy"]
EXPORTERS: tuple[ExporterName, ...] = get_args(ExporterName)


def find(name: str) -> Capture:
    """Import an exporter.

    Raises:
        ValueError: No exporter of that name.
    """
    if name not in EXPORTERS:
        raise ValueError(f"exporter must be one of {', '.join(EXPORTERS)}; got {name!r}.")
    module: Any = import_module(f"{__name__}.{name}")
    capture: Capture = module.capture
    return capture
