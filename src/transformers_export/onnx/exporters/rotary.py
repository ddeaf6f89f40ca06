"""Rotary embeddings as one operator, which opset 23 has: ONNX wants its tables once for each row of the batch."""

from __future__ import annotations

import onnx_ir


def repeat_tables(model: onnx_ir.Model) -> None:
    """Repeat the tables `[1, sequence, half]` of sines and cosines for every row, where a graph hands on one for all.

    torch's translation lets them broadcast, which ONNX Runtime refuses.
    """
    for node in list(model.graph.all_nodes()):
        if node.op_type == "RotaryEmbedding" and node.domain == "" and (len(node.inputs) < 4 or node.inputs[3] is None):
            _repeat(node)


def _repeat(node: onnx_ir.Node) -> None:
    rotated = node.inputs[0]
    # [batch, 1, 1]; Expand broadcasts both ways, so that a table for every row stays as it is.
    batch = onnx_ir.node("Shape", [rotated], {"start": 0, "end": 1})
    ones = onnx_ir.node("Constant", [], {"value_ints": [1, 1]})
    shape = onnx_ir.node("Concat", [batch.outputs[0], ones.outputs[0]], {"axis": 0})
    made = [batch, ones, shape]
    for place in (1, 2):
        table = node.inputs[place]
        repeated = onnx_ir.node("Expand", [table, shape.outputs[0]])
        made.append(repeated)
        node.replace_input_with(place, repeated.outputs[0])
    for new in made:
        new.metadata_props.update(node.metadata_props)
    if node.graph is not None:
        node.graph.insert_before(node, made)
