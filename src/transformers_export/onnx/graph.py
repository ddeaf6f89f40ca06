"""The contract of names and axes, written on an onnx_ir graph and read back from it.

Exporters leave names and symbols of their own; `apply_contract` replaces them by the declared ones. Nothing here makes
a frozen axis dynamic: what an exporter fixed stays fixed and validation reports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx_ir as ir
import onnx_ir.tensor_adapters
from onnx_ir.passes import common

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    Axes = Mapping[int, str]


def apply_contract(
    model: ir.Model,
    traced: Mapping[str, Tensor],
    inputs: Mapping[str, Axes],
    outputs: Mapping[str, Axes],
    fixed_outputs: Mapping[str, Mapping[int, int]],
) -> None:
    """Write declared names and axis labels on the graph, in place.

    Args:
        model: What an exporter captured, its inputs and outputs in declared order.
        traced: The tensors it was captured with, by declared name, in graph order.
        inputs: Declared input names and axes.
        outputs: Declared output names and axes.
        fixed_outputs: Lengths of undeclared output axes that were seen not to vary; see `has_open_axes`.
    """
    graph = model.graph
    _split_aliases(graph)
    _restore_unused(graph, traced, inputs)
    _rename(graph.inputs, list(traced))
    _rename(graph.outputs, list(outputs))
    common.NameFixPass()(model)
    for value in graph.inputs:
        _label(value, inputs.get(value.name or "", {}), {})
    for value in graph.outputs:
        name = value.name or ""
        _label(value, outputs.get(name, {}), fixed_outputs.get(name, {}))


def has_open_axes(model: ir.Model, outputs: Mapping[str, Axes]) -> bool:
    """Tell whether an axis of an output varies by the graph and not by the declaration.

    Args:
        model: What an exporter captured.
        outputs: Declared output names and axes, in the graph's order.
    """
    pairs = zip(model.graph.outputs, outputs.values(), strict=False)
    return any(set(symbolic_axes(value)) - set(declared) for value, declared in pairs)


def symbolic_axes(value: ir.Value) -> dict[int, str]:
    """Axes of a graph input or output that vary, with their symbols; an unnamed one has an empty string."""
    if value.shape is None:
        return {}
    return {axis: str(dim.value or "") for axis, dim in enumerate(value.shape) if isinstance(dim, ir.SymbolicDim)}


def count_nodes(model: ir.Model) -> int:
    """Nodes of the graph, of its subgraphs and of its functions."""
    return sum(1 for _ in model.graph.all_nodes()) + sum(
        1 for function in model.functions.values() for _ in function.all_nodes()
    )


def opset_of(model: ir.Model) -> int:
    """The opset of the standard operators that the file declares."""
    return model.opset_imports.get("", model.opset_imports.get("ai.onnx", 0))


def _restore_unused(graph: ir.Graph, traced: Mapping[str, Tensor], inputs: Mapping[str, Axes]) -> None:
    """Put back declared inputs that an exporter removed because nothing in the graph reads them.

    The legacy exporter does, e.g. with encoder ids beside a full cross-attention cache.
    """
    present = {value.name: value for value in graph.inputs}
    if len(present) == len(traced) or not set(present) <= set(traced):
        return
    restored = [present.get(name) or _input(name, tensor, inputs[name]) for name, tensor in traced.items()]
    graph.inputs[:] = restored


def _input(name: str, tensor: Tensor, axes: Axes) -> ir.Value:
    dims: list[int | str] = [axes.get(axis, length) for axis, length in enumerate(tensor.shape)]
    dtype = ir.tensor_adapters.from_torch_dtype(tensor.dtype)
    return ir.Value(name=name, shape=ir.Shape(dims), type=ir.TensorType(dtype))


def _rename(values: Sequence[ir.Value], names: Sequence[str]) -> None:
    """Two passes, as a declared name may stand on another value still."""
    if len(values) != len(names):
        return  # the names check says which are missing
    for position, value in enumerate(values):
        value.name = f"__{position}__{value.name}"
    for value, name in zip(values, names, strict=True):
        value.name = name


def _label(value: ir.Value, declared: Axes, fixed: Mapping[int, int]) -> None:
    if value.shape is None:
        return
    dims: list[int | ir.SymbolicDim] = list(value.shape)
    for axis, dim in enumerate(dims):
        if not isinstance(dim, ir.SymbolicDim):
            continue
        if axis in declared:
            dims[axis] = ir.SymbolicDim(declared[axis])
        elif axis in fixed:
            dims[axis] = fixed[axis]
    value.shape = ir.Shape(dims)


def _split_aliases(graph: ir.Graph) -> None:
    """Send an output that is an input, or is listed twice, through an Identity, so that each can have its name."""
    seen: set[ir.Value] = set()
    for position, value in enumerate(list(graph.outputs)):
        if value.is_graph_input() or value in seen or value.is_initializer():
            node = ir.node("Identity", [value])
            copy = node.outputs[0]
            copy.shape, copy.type = value.shape, value.type
            graph.append(node)
            graph.outputs[position] = copy
        seen.add(value)
