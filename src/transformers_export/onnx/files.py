"""ONNX files written and read without a second copy of their weights.

A model file is one protobuf message, and protobuf builds and parses it in memory: twice the weights, beside the model's
own. Here only what describes the graph goes through protobuf; weights stream from tensors into the file, and are left
in it when it is read.
"""

from __future__ import annotations

import math
import mmap
from typing import TYPE_CHECKING, Any, BinaryIO

import onnx_ir
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

import onnx

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_APART = 4096
"""Tensors of this many bytes and more stay out of the message."""
_GRAPH, _INITIALIZER, _RAW_DATA = 7, 5, 9
"""Field numbers in ModelProto, GraphProto and TensorProto."""
_BYTES = 2
"""Wire type of messages, strings and bytes."""


def write(model: onnx_ir.Model, path: Path) -> None:
    """Write a model with its weights in the file.

    Args:
        model: Left as it was.
        path: Where to write; the file must stay below 2 GB, which protobuf reads at most.
    """
    large = {
        name: value.const_value
        for name, value in model.graph.initializers.items()
        if value.const_value is not None and value.const_value.nbytes >= _APART
    }
    message = _without(model, large)
    tensors = list(message.graph.initializer)
    del message.graph.initializer[:]
    graph = message.graph.SerializeToString()
    message.ClearField("graph")
    with path.open("wb") as file:
        file.write(message.SerializeToString())
        heads = [(_head(tensor, large), large.get(tensor.name)) for tensor in tensors]
        sizes = [len(head) + (data.nbytes if data is not None else 0) for head, data in heads]
        before = [_tag(_INITIALIZER) + _varint(size) for size in sizes]
        file.write(_tag(_GRAPH) + _varint(len(graph) + sum(sizes) + sum(map(len, before))) + graph)
        for start, (head, data) in zip(before, heads, strict=True):
            file.write(start + head)
            if data is not None:
                _stream(data, file)


def read(path: Path) -> onnx_ir.Model:
    """Read a model file; large weights stay on disk and are mapped when somebody asks for their values.

    Raises:
        OSError: The file cannot be read.
        DecodeError: It is no ONNX file.
    """
    return graph_of(read_message(path), path.parent)


def graph_of(message: Any, folder: Path) -> onnx_ir.Model:
    """Make a model of what `read_message` gives, whose weights are looked for in the files of this folder."""
    model = onnx_ir.from_proto(message)
    onnx_ir.external_data.set_base_dir(model.graph, folder)
    return model


def read_message(path: Path) -> Any:
    """Read a model file as a ModelProto, whose large weights are references to their place in the file.

    Raises:
        OSError: The file cannot be read.
        DecodeError: It is no ONNX file.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        outer, inner = bytearray(), bytearray()
        tensors: list[Any] = []
        for number, start, value, end in _fields(data, 0, len(data)):
            if number != _GRAPH:
                outer += data[start:end]
                continue
            for part, first, content, last in _fields(data, value, end):
                if part == _INITIALIZER:
                    tensors.append(_referred(data, content, last, path.name))
                else:
                    inner += data[first:last]
    message = onnx.ModelProto.FromString(bytes(outer))
    message.graph.ParseFromString(bytes(inner))
    message.graph.initializer.extend(tensors)
    return message


def checkable(path: Path) -> Any:
    """What onnx.checker is given to check a file: its path, or where large weights are in it, a message without them.

    The checker would hold them three times. In their place are inputs of their type and shape; that as many bytes are
    stored as those take is checked here.

    Raises:
        onnx.checker.ValidationError: A weight takes more or fewer bytes than are stored.
    """
    message = read_message(path)
    inside = [tensor for tensor in message.graph.initializer if _location(tensor) == path.name]
    if not inside:
        return str(path)
    declared = {value.name for value in message.graph.input}
    for tensor in inside:
        stored = next(int(entry.value) for entry in tensor.external_data if entry.key == "length")
        kind = onnx_ir.DataType(tensor.data_type)
        expected = math.ceil(math.prod(tensor.dims) * kind.bitwidth / 8)
        if stored != expected:
            raise onnx.checker.ValidationError(
                f"initializer {tensor.name}: {expected} bytes by its shape and type, {stored} are stored"
            )
        if tensor.name not in declared:
            message.graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    names = {tensor.name for tensor in inside}
    rest = [tensor for tensor in message.graph.initializer if tensor.name not in names]
    del message.graph.initializer[:]
    message.graph.initializer.extend(rest)
    return message


def _location(tensor: Any) -> str:
    return next((str(entry.value) for entry in tensor.external_data if entry.key == "location"), "")


def _without(model: onnx_ir.Model, large: dict[str, Any]) -> Any:
    """The model's message with references in place of these weights."""
    values = model.graph.initializers
    try:
        for name, tensor in large.items():
            values[name].const_value = onnx_ir.ExternalTensor(
                "elsewhere", 0, tensor.nbytes, tensor.dtype, shape=tensor.shape, name=name
            )
        return onnx_ir.to_proto(model)
    finally:
        for name, tensor in large.items():
            values[name].const_value = tensor


def _head(tensor: Any, large: dict[str, Any]) -> bytes:
    """A tensor's message up to its data, which follow for the large ones."""
    if tensor.name not in large:
        return bytes(tensor.SerializeToString())
    tensor.ClearField("data_location")
    tensor.ClearField("external_data")
    return bytes(tensor.SerializeToString()) + _tag(_RAW_DATA) + _varint(large[tensor.name].nbytes)


def _stream(tensor: Any, file: BinaryIO) -> None:
    before = file.tell()
    if hasattr(tensor, "tofile"):
        tensor.tofile(file)
    else:
        file.write(tensor.tobytes())
    if file.tell() - before != tensor.nbytes:
        raise OSError(f"{tensor.name}: expected to write {tensor.nbytes} bytes, wrote {file.tell() - before}.")


def _referred(data: mmap.mmap, start: int, end: int, location: str) -> Any:
    """A tensor's message; data in it that are large become a reference to their place in the file."""
    kept = bytearray()
    place: tuple[int, int] | None = None
    for number, first, content, last in _fields(data, start, end):
        if number == _RAW_DATA and last - content >= _APART:
            place = (content, last - content)
        else:
            kept += data[first:last]
    tensor = onnx.TensorProto.FromString(bytes(kept))
    if place is not None:
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in zip(("location", "offset", "length"), (location, *place), strict=True):
            tensor.external_data.add(key=key, value=str(value))
    return tensor


def _fields(data: mmap.mmap, position: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """The fields of a message: number, where the field, its content and the next field start."""
    while position < end:
        start = position
        tag, position = _read_varint(data, position)
        kind = tag & 7
        if kind == _BYTES:
            length, content = _read_varint(data, position)
            position = content + length
        elif kind == 0:
            content = position
            _, position = _read_varint(data, position)
        elif kind in (1, 5):
            content, position = position, position + (8 if kind == 1 else 4)
        else:
            raise DecodeError(f"No ONNX file: wire type {kind} at byte {start}.")
        if position > end:
            raise DecodeError(f"No ONNX file: a field that starts at byte {start} goes past its end.")
        yield tag >> 3, start, content, position


def _read_varint(data: mmap.mmap, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise DecodeError(f"No ONNX file: a number does not end at byte {position}.")
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position


def _tag(number: int) -> bytes:
    return _varint(number << 3 | _BYTES)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
