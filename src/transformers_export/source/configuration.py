"""Configuration files: which classes are ONNX configurations, and which model types a file gives.

A class is an ONNX configuration when its bases, imports followed through files, lead to `OnnxConfig` of
transformers 4 or of this package. The class of the same name in `transformers.exporters` (5.13+) is another thing.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from transformers_export.source import python
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.source.snapshot import Snapshot

_HOMES = (
    "transformers.onnx.",
    "transformers.onnx.config.",
    "transformers_export.onnx.",
    "transformers_export.onnx.config.",
)
_NAMES = {"OnnxConfig": False, "OnnxConfigWithPast": True, "OnnxSeq2SeqConfigWithPast": True}
ROOTS: dict[str, bool] = {home + name: past for home in _HOMES for name, past in _NAMES.items()}
"""The base classes everything derives from, and whether each has `with_past`."""


class OnnxClass(NamedTuple):
    """An ONNX configuration class."""

    name: str
    path: str
    line: int
    column: int
    past: bool | None
    """Whether it has `with_past`; None when a base outside the repository decides that."""
    ancestors: tuple[tuple[str, str], ...]
    """The ONNX configuration classes of this repository it derives from, as (path, name)."""
    definition: python.Class


class ModelType(NamedTuple):
    """A model configuration class and the model type it gives."""

    value: str
    """As written, e.g. `gpt_neo`."""
    class_name: str
    path: str
    line: int
    column: int

    @property
    def key(self) -> str:
        """As registries spell it, e.g. `gpt-neo`."""
        return key_of(self.value)


def key_of(model_type: str) -> str:
    """The registry key of a model type: lower case, `-` for `_`, as `FeaturesManager` looks it up."""
    return model_type.replace("_", "-").lower()


def onnx_class(snapshot: Snapshot, item: python.Class) -> OnnxClass | None:
    """The class as an ONNX configuration, or None when its bases do not lead to one."""
    source = snapshot.source(item.path)
    if source is None or not item.bases or snapshot.dotted_of(item) in ROOTS:
        return None
    reached: list[_Reached] = []
    for base in item.bases:
        for target in snapshot.targets(source, base):
            found = _reach(snapshot, target)
            if found is not None:
                reached.append(found)
    if not reached:
        return None
    own = any(isinstance(node, ast.FunctionDef) and node.name == "with_past" for node in item.node.body)
    pasts = [found.past for found in reached]
    past = True if own or True in pasts else None if None in pasts else False
    ancestors = dict.fromkeys(ancestor for found in reached for ancestor in found.ancestors)
    return OnnxClass(item.name, item.path, item.line, item.column, past, tuple(ancestors), item)


class _Reached(NamedTuple):
    """That a base class leads to `OnnxConfig`, and what it brings along."""

    past: bool | None
    ancestors: tuple[tuple[str, str], ...] = ()


def _reach(snapshot: Snapshot, target: str) -> _Reached | None:
    """Follow one base class; None when it leads somewhere else."""
    if target in ROOTS:
        return _Reached(ROOTS[target])
    if target.startswith("transformers.") and target.endswith((".PretrainedConfig", ".PreTrainedConfig")):
        return None  # most bases, and what it derives from in turn takes as long to read as all the rest
    found = snapshot.find_class(target)
    if found is None:
        # transformers 4 is not here to be read, but its configuration files hold nothing else under such a name.
        outside = target.startswith("transformers.models.") and target.endswith("OnnxConfig")
        return _Reached(None) if outside else None
    if snapshot.dotted_of(found) in ROOTS:
        return _Reached(ROOTS[snapshot.dotted_of(found)])
    above = snapshot.onnx_class(found)
    return _Reached(above.past, ((above.path, above.name), *above.ancestors)) if above else None


def builds(item: python.Class) -> frozenset[str]:
    """The names a class calls anywhere in its body: a helper configuration is built by the one that needs it."""
    called = (node.func for node in item.nodes if isinstance(node, ast.Call))
    return frozenset(name.rpartition(".")[2] for name in map(python.dotted, called) if name)


def is_abstract(item: python.Class) -> bool:
    """Whether the class says of itself that it is only a base: a leading underscore, `ABC`, an abstract method."""
    if item.name.startswith("_") or any(base.rpartition(".")[2] == "ABC" for base in item.bases):
        return True
    functions = (node for node in item.node.body if isinstance(node, ast.FunctionDef))
    marks = (python.dotted(mark) or "" for function in functions for mark in function.decorator_list)
    return any(mark.rpartition(".")[2] == "abstractmethod" for mark in marks)


def model_types(source: python.Source) -> tuple[ModelType, ...]:
    """The model types a file's classes give; the empty one of `PretrainedConfig` is none."""
    found: list[ModelType] = []
    for item, value in _assigned_model_types(source):
        name = python.text(value)
        if name:
            found.append(ModelType(name, item.name, item.path, value.lineno, value.col_offset + 1))
    return tuple(found)


def unread_model_types(source: python.Source) -> tuple[Unread, ...]:
    """Model types that are computed."""
    return tuple(
        Unread(item.path, value.lineno, f"the model_type of {item.name} is computed")
        for item, value in _assigned_model_types(source)
        if python.text(value) is None
    )


def _assigned_model_types(source: python.Source) -> Iterator[tuple[python.Class, ast.expr]]:
    for item in source.classes.values():
        for node in item.node.body:
            if isinstance(node, ast.Assign):
                targets, value = node.targets, node.value
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                targets, value = [node.target], node.value
            else:
                continue
            if any(isinstance(target, ast.Name) and target.id == "model_type" for target in targets):
                yield item, value
