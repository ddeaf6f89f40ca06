"""Model classes: the signature of `forward()` and the main input, inherited ones too.

Bases are followed through files up to `PreTrainedModel`. What `forward()` returns is read in `returned.py`.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from transformers_export import cache_names
from transformers_export.source import python
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from transformers_export.source.snapshot import Snapshot

_DEEP = 12


class Model(NamedTuple):
    """A model class with what it derives from, in the order attributes are looked up."""

    item: python.Class
    chain: tuple[python.Class | None, ...]
    """The class first; None stands for a base that is not here."""
    rooted: bool
    """Whether the chain ends in `PreTrainedModel`."""


class Signature(NamedTuple):
    """The parameters of `forward()` without `self`."""

    parameters: tuple[str, ...]
    required: tuple[str, ...]
    is_open: bool
    """Whether it also takes names it does not list (`*args`, `**kwargs`)."""

    def takes(self, declared: str) -> bool:
        """Whether it lists the parameter of a declared input."""
        return self._parameter(declared) in self.parameters

    def place(self, declared: str) -> int:
        """Where the parameter of a declared input stands; it must be listed."""
        return self.parameters.index(self._parameter(declared))

    def _parameter(self, declared: str) -> str:
        cache = cache_names.find(self.parameters) if declared == cache_names.DECLARED else None
        return cache or declared


def model(snapshot: Snapshot, item: python.Class) -> Model:
    """Follow a model class to its bases."""
    chain: list[python.Class | None] = []
    rooted = _follow(snapshot, item, chain, 0)
    return Model(item, tuple(chain), rooted)


def _follow(snapshot: Snapshot, item: python.Class, chain: list[python.Class | None], depth: int) -> bool:
    chain.append(item)
    source = snapshot.part(item.path, item.name)
    rooted = False
    if source is None or depth > _DEEP or len(item.bases) != len(item.node.bases):
        chain.append(None)
        return rooted
    for base in item.bases:
        found = find(snapshot, source, base)
        if isinstance(found, str):
            rooted = rooted or found == "PreTrainedModel"
        elif found is None or found in chain:
            chain.append(None)
        else:
            rooted = _follow(snapshot, found, chain, depth + 1) or rooted
    return rooted


def find(snapshot: Snapshot, source: python.Source, name: str) -> python.Class | str | None:
    """The class a name in a model's file stands for.

    `PreTrainedModel`, which is large and known, and transformers' mixins, which bring nothing that is read here, are
    given by name alone. None for what is not here.
    """
    word = name.rpartition(".")[2]
    for target in snapshot.targets(source, name):
        if target.startswith("transformers.") and (word == "PreTrainedModel" or word.endswith("Mixin")):
            return word
        found = snapshot.find_class(target)
        if found:
            return found
    return None


def signature(snapshot: Snapshot, of: Model) -> Signature | Unread:
    """The signature of a model's `forward()`, its own or inherited."""
    for item in of.chain:
        if item is None:
            break
        written = [node for node in item.node.body if getattr(node, "name", "") == "forward"]
        if not written:
            continue
        function = written[0]
        if len(written) > 1 or not isinstance(function, ast.FunctionDef):
            return Unread(item.path, function.lineno, f"forward() of {item.name} is no plain function")
        source = snapshot.part(item.path, item.name)
        for mark in function.decorator_list:
            if source is None or not _keeps_signature(snapshot, source, mark):
                return Unread(item.path, mark.lineno, f"forward() of {item.name} is decorated by something unknown")
        return _signature(function.args)
    return Unread(of.item.path, of.item.line, f"forward() of {of.item.name} comes from a class that is not here")


def _keeps_signature(snapshot: Snapshot, source: python.Source, mark: ast.expr) -> bool:
    """Whether a decorator is one of transformers' or torch's own: those keep the signature."""
    name = python.dotted(mark.func if isinstance(mark, ast.Call) else mark)
    targets = snapshot.targets(source, name) if name else ()
    return bool(targets) and all(target.startswith(("transformers.", "torch.")) for target in targets)


def _signature(arguments: ast.arguments) -> Signature:
    listed = [*arguments.posonlyargs, *arguments.args][1:]
    without_default = listed[: max(len(listed) - len(arguments.defaults), 0)]
    required = [item.arg for item in without_default]
    for item, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        listed.append(item)
        if default is None:
            required.append(item.arg)
    is_open = arguments.vararg is not None or arguments.kwarg is not None
    return Signature(tuple(item.arg for item in listed), tuple(required), is_open)


def main_input(of: Model) -> str | None:
    """The model's `main_input_name`; None where it is computed or not known."""
    for item in of.chain:
        if item is None:
            return None
        if any(isinstance(node, ast.Attribute) and node.attr == "main_input_name" for node in item.nodes):
            return None  # an instance may have another than its class
        for statement in item.node.body:
            targets = statement.targets if isinstance(statement, ast.Assign) else []
            if isinstance(statement, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == "main_input_name" for target in targets
            ):
                return python.text(statement.value)
    return "input_ids" if of.rooted else None
