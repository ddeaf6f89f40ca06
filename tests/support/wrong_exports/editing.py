"""Small edits of an ONNX graph, and where in the model a node belongs."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from support.wrong_exports.types import Spot


def module_of_node(node: NodeProto) -> str:
    """Dotted name of the module that a node belongs to, as either exporter writes it down."""
    for entry in node.metadata_props:
        if entry.key == "pkg.torch.onnx.name_scopes":
            scopes = ast.literal_eval(entry.value)
            scope = scopes[-2] if len(scopes) > 1 else ""
            return scope.removeprefix("flat.").removeprefix("model").removeprefix(".")
    return ".".join(node.name.split("/")[2:-1])


def first_node(model: ModelProto, spot: Spot, *operators: str) -> NodeProto:
    """The first node of these operators in the defect's module."""
    return next(node for node in model.graph.node if node.op_type in operators and module_of_node(node) == spot.module)


def set_attribute(node: NodeProto, name: str, value: Any) -> None:
    kept = [attribute for attribute in node.attribute if attribute.name != name]
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute(name, value)])


def weight(model: ModelProto, ending: str) -> TensorProto:
    return next(tensor for tensor in model.graph.initializer if tensor.name.endswith(ending))


def reweigh(model: ModelProto, ending: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    tensor = weight(model, ending)
    tensor.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(tensor)), tensor.name))


def reread(model: ModelProto, name: str, other: str, *, but: NodeProto | None = None) -> None:
    """Let every node that reads one value read another."""
    for node in model.graph.node:
        if node is not but:
            for position, given in enumerate(node.input):
                if given == name:
                    node.input[position] = other


def put_before(model: ModelProto, name: str, node: NodeProto, *constants: TensorProto) -> None:
    """Put a node between an input and all that reads it."""
    reread(model, name, node.output[0])
    model.graph.initializer.extend(constants)
    model.graph.node.insert(0, node)


def put_after(model: ModelProto, position: int, operator: str, *others: TensorProto, **attributes: Any) -> None:
    """Put a node between an output and what makes it; the output keeps its name."""
    name = model.graph.output[position].name
    for node in model.graph.node:
        for place, made in enumerate(node.output):
            if made == name:
                node.output[place] = f"{name}_before"
    reread(model, name, f"{name}_before")
    model.graph.initializer.extend(others)
    inputs = [f"{name}_before", *(other.name for other in others)]
    model.graph.node.append(helper.make_node(operator, inputs, [name], **attributes))


def shape_of(value: ValueInfoProto) -> Any:
    return value.type.tensor_type.shape
