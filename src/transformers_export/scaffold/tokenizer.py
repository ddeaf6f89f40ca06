"""What a model's tokenizer makes, as its class says in `model_input_names`: it decides about token types.

`forward()` alone does not: RoBERTa's takes token types too, and nothing ever makes them.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from transformers_export.source import python
from transformers_export.source.configuration import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.source.configuration import ModelType
    from transformers_export.source.snapshot import Snapshot

_TABLE = "src/transformers/models/auto/tokenization_auto.py"
_NAMES = "TOKENIZER_MAPPING_NAMES"
_ROOTS = ("PreTrainedTokenizer", "PreTrainedTokenizerFast", "PreTrainedTokenizerBase")
_DEFAULT = frozenset(("input_ids", "token_type_ids", "attention_mask"))
"""What a tokenizer of transformers 4 makes unless it says otherwise."""
_DEEP = 8


def inputs(snapshot: Snapshot, of: ModelType) -> frozenset[str] | None:
    """The names its tokenizer makes, or None where that is not known."""
    for item in _classes(snapshot, of):
        names = _input_names(snapshot, item)
        if names is not None:
            return names
    return None


def _classes(snapshot: Snapshot, of: ModelType) -> Iterator[python.Class]:
    """Its tokenizer classes: those the Auto table names, else those in files beside the configuration."""
    named = tuple(_named(snapshot, of)) if snapshot.layout == "transformers-4" else ()
    folder = of.path.rpartition("/")[0]
    beside = [
        path
        for path in snapshot.tree.paths()
        if path.rpartition("/")[0] == folder and path.rpartition("/")[2].startswith("tokenization_")
    ]
    paths = [*beside, *(snapshot.tree.search([f"class {name}(" for name in named], "*.py") if named else ())]
    for path in dict.fromkeys(paths):
        source = snapshot.source(path)
        for item in source.classes.values() if source else ():
            if item.name in named or (not named and item.name.endswith(("Tokenizer", "TokenizerFast"))):
                yield item


def _named(snapshot: Snapshot, of: ModelType) -> Iterator[str]:
    """The classes that the Auto table of a transformers checkout has for the model type."""
    source = snapshot.source(_TABLE)
    for value in source.assigned.get(_NAMES, ()) if source else ():
        for key, classes in python.pairs(value) or ():
            if key_of(python.text(key) or "") == of.key:
                nodes = (python.text(node) for node in ast.walk(classes) if isinstance(node, ast.Constant))
                yield from (name for name in nodes if name)


def _input_names(snapshot: Snapshot, item: python.Class, depth: int = 0) -> frozenset[str] | None:
    source = snapshot.source(item.path)
    if source is None or depth > _DEEP:
        return None
    for node in item.node.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
        if value is not None and any(isinstance(name, ast.Name) and name.id == "model_input_names" for name in targets):
            names = python.strings(value, source)
            return frozenset(names) if names is not None else None
    for base in item.bases:
        if base.rpartition(".")[2] in _ROOTS:
            return _DEFAULT if snapshot.layout == "transformers-4" else None
        above = next(filter(None, map(snapshot.find_class, snapshot.targets(source, base))), None)
        if above is not None:
            return _input_names(snapshot, above, depth + 1)
    return None
