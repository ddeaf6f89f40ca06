"""bfloat16, in which ONNX Runtime does not compute on the CPU: the same weights on both sides, computed in float32.

Every bfloat16 number is a float32 number, so nothing of the graph is lost: its weights, its operators and what is
connected to what are held against PyTorch as they are. Only how a bfloat16 kernel would round is not seen.
"""

from __future__ import annotations

import contextlib
import copy
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import onnx_ir

SAID = "bfloat16, in which ONNX Runtime does not compute on the CPU: run in float32, with the same weights"


@contextlib.contextmanager
def in_float32(model: Any, path: Path) -> Iterator[tuple[Any, Path]]:
    """Give a model and a file that can be run beside each other: copies in float32 where the model is in bfloat16.

    Args:
        model: The PyTorch model; left as it is.
        path: The file that was exported from it; left as it is.

    Raises:
        OSError: The file cannot be read.
    """
    if str(model.dtype) != "torch.bfloat16":
        yield model, path
        return
    from transformers_export.onnx import files
    from transformers_export.onnx.convert import save

    graph = files.read(path)
    widen(graph)
    with tempfile.TemporaryDirectory(prefix="transformers-export-") as folder:
        save(graph, Path(folder) / path.name)
        yield copy.deepcopy(model).float(), Path(folder) / path.name


def own_kinds(model: Any, config: Any, preprocessor: Any) -> dict[str, str]:
    """Element types of a model's inputs and outputs, by declared name; nothing where PyTorch cannot compute in them."""
    from transformers_export.onnx import probing
    from transformers_export.onnx.flat import prepared
    from transformers_export.onnx.inputs import TRACED, make_inputs, template_inputs

    template = template_inputs(config, preprocessor, model)
    with prepared(model, config) as flat:
        sizes = probing.tied(flat, config, template, TRACED)
        try:
            outputs = probing.outputs_at(flat, config, template, sizes)
        except RuntimeError:
            return {}
    tensors = {**make_inputs(config, template, sizes), **dict(zip(flat.output_names, outputs, strict=True))}
    return {name: str(tensor.dtype).removeprefix("torch.") for name, tensor in tensors.items()}


def widen(model: onnx_ir.Model) -> None:
    """Make every bfloat16 type, weight and constant of a graph float32, in place."""
    graphs: list[Any] = [*model.graphs(), *model.functions.values()]
    for graph in graphs:
        for value in getattr(graph, "initializers", {}).values():
            value.const_value = _wide(value.const_value)
            _widen_type(value)
        for value in graph.inputs:
            _widen_type(value)
        for node in graph:
            for value in node.outputs:
                _widen_type(value)
            for name, attribute in list(node.attributes.items()):
                wide = _wide_attribute(node.op_type, attribute)
                if wide is not attribute:
                    node.attributes[name] = wide


_TYPED = {"Cast": "to", "EyeLike": "dtype", "RandomNormalLike": "dtype", "RandomUniformLike": "dtype"}
"""Operators that name the type of what they give in an attribute."""


def _wide_attribute(operator: str, attribute: Any) -> Any:
    import onnx_ir

    if attribute.type == onnx_ir.AttributeType.TENSOR:
        wide = _wide(attribute.value)
        return attribute if wide is attribute.value else onnx_ir.AttrTensor(attribute.name, wide)
    if _TYPED.get(operator) == attribute.name and attribute.value == onnx_ir.DataType.BFLOAT16:
        return onnx_ir.AttrInt64(attribute.name, int(onnx_ir.DataType.FLOAT))
    return attribute


def _wide(tensor: Any) -> Any:
    import onnx_ir

    if tensor is None or tensor.dtype != onnx_ir.DataType.BFLOAT16:
        return tensor
    return onnx_ir.Tensor(tensor.numpy().astype(np.float32), name=tensor.name)


def _widen_type(value: Any) -> None:
    import onnx_ir

    if value.dtype == onnx_ir.DataType.BFLOAT16:
        value.dtype = onnx_ir.DataType.FLOAT
