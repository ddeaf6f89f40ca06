"""Capture with torch's TorchScript-based exporter: `torch.onnx.export(dynamo=False)`.

Deprecated upstream and ten times cheaper than dynamo. Where torch has removed it, `exporters.find` says so.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx_ir
import onnx_ir.tensor_adapters
import torch

from transformers_export.onnx.exporters.legacy_operators import more_operators
from transformers_export.onnx.exporters.remarks import tracer_warnings
from transformers_export.onnx.exporters.shared_weights import share_transposes, used_twice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor

    from transformers_export.onnx.flat import FlatModel


logger = logging.getLogger("transformers_export.onnx")

_PASSES = (
    "_jit_pass_onnx_graph_shape_type_inference",
    "_jit_pass_onnx_constant_fold",
    "_jit_pass_onnx_deduplicate_initializers",
)
_MOST_VALUES = 1024
"""In a tensor that may say how long an axis is."""


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
        The graph; its weights are the model's own tensors. Axes carry placeholder names.
    """
    # A name of its own for every axis: torch renames whatever shares one.
    placeholders = {
        name: {axis: f"{name}_{axis}" for axis in axes} for name, axes in dynamic_axes.items() if name in inputs
    }
    with (
        tempfile.TemporaryDirectory(prefix="transformers-export-") as folder,
        tracer_warnings(),
        _without_graphs(),
        more_operators(opset),
        _weights_apart() as weights,
    ):
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
            export_params=False,
        )
        model = onnx_ir.load(path)
    _add_weights(model, weights)
    share_transposes(model.graph)
    return model


def write_one_node() -> None:
    """Export the smallest model there is, to see whether torch still does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(torch.nn.ReLU(), (torch.zeros(1),), os.devnull, dynamo=False)


@contextlib.contextmanager
def _without_graphs() -> Iterator[None]:
    """Keep torch from printing the whole graph where it cannot translate one, unless our debug log is on."""
    library: Any = torch._C
    printed = library._jit_onnx_log
    if not logger.isEnabledFor(logging.DEBUG):
        library._jit_onnx_log = lambda *texts: None
    try:
        yield
    finally:
        library._jit_onnx_log = printed


@contextlib.contextmanager
def _weights_apart() -> Iterator[dict[str, Tensor]]:
    """Hear of the weights that torch would copy into the file, after it folded and merged what it can.

    They are the model's own tensors and views of them. Without them in the file, torch declares them as inputs. To
    infer shapes it copies them as well, twice; only the values of small ones can matter there. Large weights that are
    used twice are not folded: torch would store what each use makes of them.
    """
    weights: dict[str, Tensor] = {}
    passes: Any = torch._C
    originals = [getattr(passes, name) for name in _PASSES]
    infer, fold, merge = originals

    def inferred(graph: Any, tensors: dict[str, Any], opset: int) -> None:
        infer(graph, {name: tensor for name, tensor in tensors.items() if _is_small(tensor)}, opset)

    def folded(graph: Any, tensors: dict[str, Any], opset: int) -> dict[str, Any]:
        shared = used_twice(graph)
        kept = {name: tensor for name, tensor in tensors.items() if name in shared and not _is_small(tensor)}
        rest = {name: tensor for name, tensor in tensors.items() if name not in kept}
        return {**fold(graph, rest, opset), **kept}

    def merged(*graph_and_weights: Any) -> Any:
        kept = merge(*graph_and_weights)
        weights.update(kept)
        return kept

    try:
        for name, replacement in zip(_PASSES, (inferred, folded, merged), strict=True):
            setattr(passes, name, replacement)
        yield weights
    finally:
        for name, real in zip(_PASSES, originals, strict=True):
            setattr(passes, name, real)


def _is_small(tensor: Any) -> bool:
    return not isinstance(tensor, torch.Tensor) or tensor.numel() <= _MOST_VALUES


def _add_weights(model: onnx_ir.Model, weights: Mapping[str, Tensor]) -> None:
    """Turn the inputs that stand for weights into weights."""
    for value in [value for value in model.graph.inputs if value.name in weights]:
        model.graph.inputs.remove(value)
        value.const_value = onnx_ir.tensor_adapters.TorchTensor(weights[str(value.name)], name=value.name)
        model.graph.register_initializer(value)
