"""Ways of capturing a graph, one a file, with one signature: `capture(flat, inputs, dynamic_axes, opset)`."""

from __future__ import annotations

from functools import cache
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


class ExporterMissingError(RuntimeError):
    """The installed torch has no such exporter any more."""


def find(name: str) -> Capture:
    """Import an exporter.

    Raises:
        ValueError: No exporter of that name.
        ExporterMissingError: The installed torch does not have it.
    """
    if name not in EXPORTERS:
        raise ValueError(f"exporter must be one of {', '.join(EXPORTERS)}; got {name!r}.")
    if name == "legacy":
        _require_legacy()
    module: Any = import_module(f"{__name__}.{name}")
    capture: Capture = module.capture
    return capture


@cache
def _require_legacy() -> None:
    """Import the legacy exporter and write one node with it, in 10 ms: how torch will remove it is not known.

    Raises:
        ExporterMissingError: torch's part of it does not import, or refuses even that.
    """
    try:
        legacy: Any = import_module(f"{__name__}.legacy")
    except ImportError as error:
        if (error.name or "torch").partition(".")[0] != "torch":  # a package of ours that is missing
            raise
        raise _legacy_missing() from error
    try:
        legacy.write_one_node()
    except Exception as error:
        raise _legacy_missing() from error


def _legacy_missing() -> ExporterMissingError:
    import torch

    return ExporterMissingError(
        f"torch {torch.__version__} has no legacy exporter any more: expected one that exports with "
        "torch.onnx.export(dynamo=False). Use `--exporter dynamo`, or install an older torch."
    )
