"""Model files written and read around their weights: what protobuf would write, and nothing read twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx_ir
import pytest
import torch
from google.protobuf.message import DecodeError
from onnx_ir.tensor_adapters import TorchTensor

import onnx
from transformers_export.onnx import files

if TYPE_CHECKING:
    from pathlib import Path

LARGE = np.arange(60 * 40, dtype=np.float32).reshape(60, 40)
SMALL = np.arange(40, dtype=np.float32)


def _model() -> onnx.ModelProto:
    """`x @ large.T + small`, with a half-precision table that nothing but an output names."""
    half = np.linspace(0, 1, 4096, dtype=np.float16).reshape(64, 64)
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("MatMul", ["x", "large"], ["product"]),
            onnx.helper.make_node("Add", ["product", "small"], ["y"]),
            onnx.helper.make_node("Identity", ["half"], ["z"]),
        ],
        "graph",
        [onnx.helper.make_tensor_value_info("x", 1, ["batch", 60])],
        [
            onnx.helper.make_tensor_value_info("y", 1, ["batch", 40]),
            onnx.helper.make_tensor_value_info("z", 10, [64, 64]),
        ],
        [
            onnx.numpy_helper.from_array(array, name)
            for name, array in (("large", LARGE), ("small", SMALL), ("half", half))
        ],
        doc_string="after the weights in protobuf's own order",
    )
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], producer_name="tests")


def test_a_written_file_is_the_message_that_protobuf_reads(tmp_path: Path) -> None:
    files.write(onnx_ir.from_proto(_model()), tmp_path / "model.onnx")
    written = onnx.load(tmp_path / "model.onnx")
    assert written == onnx_ir.to_proto(onnx_ir.from_proto(_model()))
    onnx.checker.check_model(str(tmp_path / "model.onnx"), full_check=True)


def test_weights_of_torch_are_written_as_they_are_seen(tmp_path: Path) -> None:
    model = onnx_ir.from_proto(_model())
    transposed = torch.from_numpy(LARGE.T.copy()).T
    assert not transposed.is_contiguous()
    model.graph.initializers["large"].const_value = TorchTensor(transposed, name="large")
    files.write(model, tmp_path / "model.onnx")
    (large,) = [t for t in onnx.load(tmp_path / "model.onnx").graph.initializer if t.name == "large"]
    assert np.array_equal(onnx.numpy_helper.to_array(large), LARGE)
    assert isinstance(model.graph.initializers["large"].const_value, TorchTensor)


@pytest.mark.parametrize("by_protobuf", [True, False])
def test_a_file_is_read_without_its_large_weights(tmp_path: Path, *, by_protobuf: bool) -> None:
    path = tmp_path / "model.onnx"
    if by_protobuf:
        onnx.save(_model(), path)
    else:
        files.write(onnx_ir.from_proto(_model()), path)
    message = files.read_message(path)
    assert message.ByteSize() < 1500
    assert [node.op_type for node in message.graph.node] == ["MatMul", "Add", "Identity"]
    assert message.graph.doc_string == _model().graph.doc_string
    values = files.read(path).graph.initializers
    for tensor in _model().graph.initializer:
        value = values[tensor.name].const_value
        assert value is not None
        assert np.array_equal(value.numpy(), onnx.numpy_helper.to_array(tensor))
    assert isinstance(values["large"].const_value, onnx_ir.ExternalTensor)
    assert not isinstance(values["small"].const_value, onnx_ir.ExternalTensor)


def test_the_checker_sees_types_of_weights_and_how_many_bytes_are_stored(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(_model(), path)
    onnx.checker.check_model(files.checkable(path), full_check=True)

    wrong = _model()
    wrong.graph.initializer[0].dims[:] = [61, 40]
    onnx.save(wrong, path)
    with pytest.raises(onnx.checker.ValidationError, match="large: 9760 bytes by its shape and type, 9600 are stored"):
        files.checkable(path)

    unknown = _model()
    unknown.graph.node[0].input[1] = "nowhere"
    onnx.save(unknown, path)
    with pytest.raises(onnx.checker.ValidationError, match="nowhere"):
        onnx.checker.check_model(files.checkable(path), full_check=True)

    mistyped = _model()
    mistyped.graph.node[1].input[1] = "half"
    onnx.save(mistyped, path)
    with pytest.raises(onnx.shape_inference.InferenceError):
        onnx.checker.check_model(files.checkable(path), full_check=True)


def test_weights_beside_the_file_are_checked_by_path(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(_model(), path, save_as_external_data=True, location="model.onnx.data", size_threshold=1000)
    assert files.checkable(path) == str(path)
    (tmp_path / "model.onnx.data").unlink()
    with pytest.raises(onnx.checker.ValidationError):
        onnx.checker.check_model(files.checkable(path), full_check=True)


@pytest.mark.parametrize("content", [b"no model", b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x3a\x7f\x00"])
def test_what_is_no_model_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(DecodeError):
        files.read_message(path)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(_model(), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DecodeError, match="goes past its end"):
        files.read_message(path)
