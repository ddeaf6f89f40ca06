"""Running the graph with everything it computes in between as outputs, and telling which module each came from."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import onnx_ir

from transformers_export.onnx.exporters.dynamo import NAME_SCOPES
from transformers_export.onnx.locating.types import GraphValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy as np

_CALL = re.compile(r"[_@]\d+$")
"""What both exporters add to a module's name when it is called again."""
_WRAPPERS: tuple[Callable[[list[str]], list[str]], ...] = (
    lambda parts: parts,
    lambda parts: parts[1:] if parts[:1] == ["flat"] else parts,  # transformers' exporter is given a wrapper of ours
    lambda parts: ["model", *parts],  # exported by somebody else, without our wrapper
)
"""From the scopes of a file to paths in the flat model."""

_LARGEST = 2**20
"""Elements of a constant that may be something computed and folded; beyond, it is a weight."""


def run_whole(
    model: onnx_ir.Model, path: Path, inputs: Mapping[str, np.ndarray], modules: Sequence[str]
) -> list[GraphValue]:
    """Run the graph once, without ONNX Runtime's optimizations, and keep every value.

    Args:
        model: The graph; left as it was.
        path: Its file, beside which its weights are.
        inputs: Arrays by input name; what the graph does not take is left out.
        modules: Paths of the modules the graph was exported from.

    Returns:
        Constants, and what each operator of the main graph computed, in the order of the graph.

    Raises:
        Exception: ONNX Runtime's own, of several types, when the graph cannot be run so.
        OSError: The file cannot be read.
    """
    made = {value.name: value for node in model.graph for value in node.outputs if value.name}
    listed = {value.name for value in model.graph.outputs}
    own = list(model.graph.outputs)
    model.graph.outputs.extend(value for name, value in made.items() if name not in listed)
    try:
        results = _run(model, path, {name: inputs[name] for name in _taken(model) if name in inputs}, list(made))
    finally:
        model.graph.outputs[:] = own
    scopes = _scopes(list(model.graph), modules)
    constants = [
        GraphValue(name, value.const_value.numpy(), "", "", None)
        for name, value in model.graph.initializers.items()
        if value.const_value is not None and value.const_value.size <= _LARGEST
    ]
    makers = {name: node for node in model.graph for value in node.outputs if (name := value.name)}
    computed = [
        GraphValue(
            name,
            array,
            makers[name].name or "",
            makers[name].op_type,
            scopes[makers[name]],
            tuple({scopes.get(user) for user, _ in value.uses()}),
            output=name in listed,
        )
        for (name, value), array in zip(made.items(), results, strict=True)
        if array is not None and hasattr(array, "dtype")
    ]
    return constants + computed


def _taken(model: onnx_ir.Model) -> list[str]:
    return [value.name or "" for value in model.graph.inputs if value.name not in model.graph.initializers]


def _run(
    model: onnx_ir.Model, path: Path, inputs: Mapping[str, np.ndarray], names: Sequence[str]
) -> list[np.ndarray | None]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    # Weights that are not in memory are in files beside `path`. No file of ours: Windows lets no second reader open it.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(path.parent.resolve()))
    content = onnx_ir.to_proto(model).SerializeToString()
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return session.run(list(names), dict(inputs))


def _scopes(nodes: Sequence[onnx_ir.Node], modules: Sequence[str]) -> dict[onnx_ir.Node, str | None]:
    """The module of each node, by the naming under which they lie deepest in the model."""
    known = set(modules)
    raw = {node: _raw_scope(node) for node in nodes}
    attempts = [
        {node: None if parts is None else _named(wrapped(parts), known) for node, parts in raw.items()}
        for wrapped in _WRAPPERS
    ]
    return max(attempts, key=lambda scopes: sum(len(scope.split(".")) for scope in scopes.values() if scope))


def _raw_scope(node: onnx_ir.Node) -> list[str] | None:
    """The parts of a node's scope, outermost first, or None where it carries none."""
    said = node.metadata_props.get(NAME_SCOPES)
    if said:
        try:
            scopes = ast.literal_eval(said)
        except (ValueError, SyntaxError):
            return None
        last = str(scopes[-2]) if len(scopes) > 1 else ""
        return last.split(".") if last else []
    name = node.name or ""
    return name.strip("/").split("/")[:-1] if name.startswith("/") else None


def _named(parts: Sequence[str], known: set[str]) -> str:
    """Follow a scope down the modules as far as they go."""
    path = ""
    for part in parts:
        found = next((name for name in _children(path, part) if name in known), None)
        if found is None:
            break
        path = found
    return path


def _children(path: str, part: str) -> list[str]:
    """Names a part of a scope may stand for below `path`: legacy repeats the name of a Sequential before its places."""
    last = path.rpartition(".")[2]
    names = [part, _plain(part)]
    inner = [name.removeprefix(f"{last}.") for name in names if last and name.startswith(f"{last}.")]
    return [f"{path}.{name}" if path else name for name in (*names, *inner)]


def _plain(part: str) -> str:
    return _CALL.sub("", part)
