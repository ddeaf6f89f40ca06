"""Which inputs of a graph its outputs are made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx_ir as ir

if TYPE_CHECKING:
    from collections.abc import Iterator


def reached_inputs(graph: ir.Graph) -> set[str]:
    """Names of the inputs from which a chain of nodes leads to an output."""
    seen: set[ir.Value] = set()
    waiting = list(graph.outputs)
    while waiting:
        value = waiting.pop()
        if value in seen:
            continue
        seen.add(value)
        node = value.producer()
        if node is not None:
            waiting += _read_by(node)
    return {value.name or "" for value in graph.inputs if value in seen}


def _read_by(node: ir.Node) -> Iterator[ir.Value]:
    """What a node reads, and what the graphs inside it read: some of that is computed outside of them."""
    yield from (value for value in node.inputs if value is not None)
    for attribute in node.attributes.values():
        if attribute.type == ir.AttributeType.GRAPH:
            inner = [attribute.as_graph()]
        elif attribute.type == ir.AttributeType.GRAPHS:
            inner = list(attribute.as_graphs())
        else:
            continue
        for graph in inner:
            yield from graph.outputs
            for each in graph:
                yield from _read_by(each)
