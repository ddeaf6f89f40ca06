"""Capture with torch.export: through `transformers.exporters` (5.13+) where it takes this torch, else plain torch.

transformers' exporter brings patches for models that torch.export cannot capture as they are; we keep none ourselves.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from typing import TYPE_CHECKING, Any

import torch

from transformers_export.onnx.exporters.branches import branch_in
from transformers_export.onnx.exporters.remarks import guards
from transformers_export.onnx.exporters.rotary import repeat_tables
from transformers_export.onnx.exporters.settings import set_for_export
from transformers_export.onnx.flat import identifier, named_signature

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import onnx_ir
    from torch import Tensor

    from transformers_export.onnx.flat import FlatModel

logger = logging.getLogger("transformers_export.onnx")

_NOISY = ("torch.onnx", "torch.export", "torch.fx.experimental", "transformers.exporters", "onnxscript")
NAME_SCOPES = "pkg.torch.onnx.name_scopes"
"""Key of torch's note on a node with the modules that it comes from, outermost first, the operator last."""


def capture(
    flat: FlatModel, inputs: Mapping[str, Tensor], dynamic_axes: Mapping[str, Mapping[int, str]], opset: int
) -> onnx_ir.Model:
    """Export `flat` at `inputs` and translate the program.

    Axes are marked `Dim.AUTO`: torch finds their relations, and we write the declared names later. The lengths in
    `inputs` must be above 1, or torch freezes the axis in silence.

    Args:
        flat: The model as a function of flat tensors.
        inputs: Example tensors by declared name, in declared order.
        dynamic_axes: The axes of inputs that vary.
        opset: Opset to write. Below what torch converts to, it leaves a higher one: read it back.

    Returns:
        The graph with its weights in memory. Axes carry torch's symbols.

    Raises:
        BranchError: Python decides by what is known only when the model runs; the message names the line.
    """
    kwargs = {identifier(name): tensor for name, tensor in inputs.items()}
    auto: Any = torch.export.Dim.AUTO
    shapes = {identifier(name): dict.fromkeys(dynamic_axes.get(name, {}), auto) for name in inputs}
    shapes_recur = all(len(axes) < 2 for axes in shapes.values())
    with named_signature(flat, inputs), set_for_export(shapes_recur=shapes_recur), guards(), _quiet():
        try:
            if exporter := _exporter_of_transformers():
                model = _with_transformers(exporter, flat, kwargs, shapes, opset)
            else:
                model = _with_torch(flat, kwargs, shapes, opset)
        except Exception as error:
            if branch := branch_in(error):
                raise branch from error
            raise
    repeat_tables(model)
    _drop_notes(model)
    return model


def _exporter_of_transformers() -> Any | None:
    """transformers' exporter; none before 5.13, and none where it refuses this torch (it wants 2.11 or newer)."""
    try:
        from transformers.exporters.exporter_onnx import OnnxExporter

        return OnnxExporter()
    except ImportError:
        return None


def _with_transformers(
    exporter: Any, flat: FlatModel, kwargs: dict[str, Tensor], shapes: Any, opset: int
) -> onnx_ir.Model:
    from transformers.exporters.exporter_onnx import OnnxConfig as ExportOptions

    options, named = ExportOptions(dynamic_shapes=shapes, opset_version=opset), _NamedOutputs(flat)
    model: onnx_ir.Model
    if hasattr(exporter, "export_program"):  # from 5.23 on; its `export` gives a model to run, not the graph
        model, _ = exporter.export_program(named, kwargs, options)
    else:
        model = exporter.export(named, kwargs, options).model
    return model


def _with_torch(flat: FlatModel, kwargs: dict[str, Tensor], shapes: Any, opset: int) -> onnx_ir.Model:
    program = torch.onnx.export(
        flat, (), kwargs=kwargs, dynamic_shapes=shapes, dynamo=True, opset_version=opset, verbose=False, optimize=True
    )
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program: expected an ONNXProgram from dynamo=True.")
    return program.model


def _drop_notes(model: onnx_ir.Model) -> None:
    """Remove torch's notes from the nodes, which are four times as large as the nodes; only the module's name stays."""
    for node in model.graph.all_nodes():
        for key in [key for key in node.metadata_props if key != NAME_SCOPES]:
            del node.metadata_props[key]


class _NamedOutputs(torch.nn.Module):
    """transformers' exporter names outputs itself, so it wants them in a mapping."""

    def __init__(self, flat: FlatModel) -> None:
        super().__init__()
        self.flat = flat
        self.config = flat.config

    def forward(self, **named: Tensor) -> dict[str, Tensor]:
        outputs = self.flat(**named)
        return dict(zip(map(identifier, self.flat.output_names), outputs, strict=True))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep torch's progress prints and version chatter from our own output; whole graphs go into our debug log."""
    noisy = [logging.getLogger(name) for name in _NOISY]
    levels = [logger.level for logger in noisy]
    for logger in noisy:
        logger.setLevel(logging.ERROR)
    printed = io.StringIO()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            warnings.simplefilter("ignore")
            yield
    finally:
        if text := printed.getvalue().strip():
            logger.debug("%s", text)
        for logger, level in zip(noisy, levels, strict=True):
            logger.setLevel(level)
