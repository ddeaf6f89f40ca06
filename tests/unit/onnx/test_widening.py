"""bfloat16 graphs made float32: every place where a type stands."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import onnx_ir

from transformers_export.onnx.validation.widening import widen

_BF16, _FLOAT = onnx_ir.DataType.BFLOAT16, onnx_ir.DataType.FLOAT


def _graph() -> onnx_ir.Model:
    numbers = np.array([0.1, -3.0], dtype=ml_dtypes.bfloat16)
    given = onnx_ir.Value(name="given", type=onnx_ir.TensorType(_FLOAT), shape=onnx_ir.Shape([2]))
    weight = onnx_ir.Value(name="weight", const_value=onnx_ir.Tensor(numbers, name="weight"))
    weight.dtype, weight.shape = _BF16, onnx_ir.Shape([2])
    cast = onnx_ir.node("Cast", [given], {"to": int(_BF16)})
    constant = onnx_ir.node("Constant", [], {"value": onnx_ir.Tensor(numbers)})
    added = onnx_ir.node("Add", [cast.outputs[0], weight])
    given_back = onnx_ir.node("Mul", [added.outputs[0], constant.outputs[0]])
    index = onnx_ir.node("Cast", [given], {"to": int(onnx_ir.DataType.INT64)})
    for node in (cast, constant, added, given_back):
        node.outputs[0].dtype = _BF16
    index.outputs[0].dtype = onnx_ir.DataType.INT64
    outputs = [given_back.outputs[0], index.outputs[0]]
    nodes = [cast, constant, added, given_back, index]
    graph = onnx_ir.Graph([given], outputs, nodes=nodes, initializers=[weight], opset_imports={"": 18}, name="main")
    return onnx_ir.Model(graph, ir_version=10)


def test_every_type_weight_and_constant_becomes_float32_and_no_other_changes() -> None:
    model = _graph()
    widen(model)
    nodes = {node.op_type: node for node in model.graph if node.op_type != "Cast"}
    casts = [node.attributes["to"].value for node in model.graph if node.op_type == "Cast"]
    assert casts == [_FLOAT, onnx_ir.DataType.INT64]
    assert [value.dtype for value in model.graph.outputs] == [_FLOAT, onnx_ir.DataType.INT64]
    kept = np.array([0.1, -3.0], dtype=ml_dtypes.bfloat16).astype(np.float32)
    for tensor in (model.graph.initializers["weight"].const_value, nodes["Constant"].attributes["value"].value):
        assert tensor.numpy().dtype == np.float32
        assert (tensor.numpy() == kept).all()
    types = {value.dtype for node in model.graph for value in node.outputs}
    assert types == {_FLOAT, onnx_ir.DataType.INT64}
