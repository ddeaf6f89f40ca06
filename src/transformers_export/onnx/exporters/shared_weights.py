"""Weights that a model uses more than once (tied embeddings, shared layers) are stored once.

A linear layer multiplies by its transposed weight. Where the weight has no other use, the transposed weight is stored.
Where it has one, as a tied embedding has, the graph transposes it; ONNX Runtime does so once, when it loads the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import onnx_ir
import onnx_ir.tensor_adapters

if TYPE_CHECKING:
    from collections.abc import Sequence


def used_twice(graph: Any) -> set[str]:
    """Names of the inputs of a TorchScript graph that several nodes use; weights are inputs there."""
    return {value.debugName() for value in graph.inputs() if len(value.uses()) > 1}


def share_transposes(graph: onnx_ir.Graph) -> None:
    """Transpose every weight once, in place: in what is stored where nothing else reads the weight, else by one node.

    Args:
        graph: Its large weights are torch tensors.
    """
    for value in list(graph.initializers.values()):
        if isinstance(value.const_value, onnx_ir.tensor_adapters.TorchTensor):
            _share(graph, value)


def _share(graph: onnx_ir.Graph, value: onnx_ir.Value) -> None:
    by_order: dict[tuple[int, ...], list[onnx_ir.Node]] = {}
    for node in value.consumers():
        if node.op_type == "Transpose" and node.graph is graph and "perm" in node.attributes:
            by_order.setdefault(tuple(node.attributes["perm"].as_ints()), []).append(node)
    alone = len(by_order) == 1 and all(len(nodes) == len(value.consumers()) for nodes in by_order.values())
    for order, nodes in by_order.items():
        if alone and not any(node.outputs[0].is_graph_output() for node in nodes):
            _store_transposed(graph, value, order, nodes)
        else:
            _transpose_once(graph, nodes)


def _store_transposed(
    graph: onnx_ir.Graph, value: onnx_ir.Value, order: tuple[int, ...], nodes: Sequence[onnx_ir.Node]
) -> None:
    """Store a view of the weight in its place; the model's own tensor stays as it is."""
    tensor: Any = value.const_value
    name = f"{value.name}.transposed"
    view = onnx_ir.tensor_adapters.TorchTensor(tensor.raw.permute(order), name=name)
    stored = onnx_ir.Value(name=name, shape=view.shape, type=value.type, const_value=view)
    graph.register_initializer(stored)
    for node in nodes:
        node.outputs[0].replace_all_uses_with(stored)
    graph.remove(nodes, safe=True)
    del graph.initializers[str(value.name)]


def _transpose_once(graph: onnx_ir.Graph, nodes: Sequence[onnx_ir.Node]) -> None:
    """Keep the first of equal nodes, at the start of the graph, where every use comes after it."""
    first, *others = nodes
    for node in others:
        node.outputs[0].replace_all_uses_with(first.outputs[0], replace_graph_outputs=True)
    graph.remove(others, safe=True)
    if graph[0] is not first:
        graph.remove(first)
        graph.insert_before(graph[0], first)
