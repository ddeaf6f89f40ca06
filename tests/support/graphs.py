"""A captured graph without the names in it, so that two can be held against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx_ir


def canonical(model: onnx_ir.Model) -> list[Any]:
    """Nodes in order, each with its attributes, what it reads and what it makes.

    A value is a number in order of appearance; an initializer is its type, shape and bytes.
    """
    numbers: dict[int, int] = {}

    def value(read: onnx_ir.Value | None) -> Any:
        if read is None:
            return None
        if read.const_value is not None:
            return str(read.const_value.dtype), tuple(read.const_value.shape), read.const_value.tobytes()
        return numbers.setdefault(id(read), len(numbers))

    for read in model.graph.inputs:
        value(read)
    return [
        (
            node.domain,
            node.op_type,
            [value(read) for read in node.inputs],
            [value(made) for made in node.outputs],
            sorted((name, str(attribute.value)) for name, attribute in node.attributes.items()),
        )
        for node in model.graph
    ]
