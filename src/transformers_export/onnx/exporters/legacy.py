"""Capture with torch's TorchScript-based exporter: `torch.onnx.export(dynamo=False)`.

Deprecated upstream and ten times cheaper than dynamo; present up to torch 2.15.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import onnx_ir
import torch

from transformers_export.onnx.exporters.legacy_operators import more_operators

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from transformers_export.onnx.flat import FlatModel


def capture(
    flat: FlatModel, inputs: Mapping[str, Tensor], dynamic_axes: Mapping[str, Mapping[int, str]], opset: int
) -> onnx_ir.Model:
    """Trace `flat` at `inputs` and convert the trace.

    Args:
        flat: The model as a function of flat tensors.
        inputs: Example tensors by declared name, in declared order.
        dynamic_axes: The axes of inputs that vary.
        opset: Opset to write, 9 to 20.

    Returns:
        The graph with its weights in memory. Axes carry placeholder names.
    """
    # A name of its own for every axis: torch renames whatever shares one.
    placeholders = {
        name: {axis: f"{name}_{axis}" for axis in axes} for name, axes in dynamic_axes.items() if name in inputs
    }
    with (
        tempfile.TemporaryDirectory(prefix="transformers-export-") as folder,
        warnings.catch_warnings(),
        more_operators(opset),
    ):
        # Tracer and deprecation warnings speak to torch's maintainers; validation proves what they only suspect.
        warnings.simplefilter("ignore")
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            flat,
            tuple(inputs.values()),
            str(path),
            dynamo=False,
            input_names=list(flat.input_names),
            output_names=list(flat.output_names),
            dynamic_axes=placeholders,
            opset_version=opset,
            do_constant_folding=True,
        )
        model = onnx_ir.load(path)
        onnx_ir.external_data.load_to_model(model)
    return model
