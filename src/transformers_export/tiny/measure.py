"""What fields with names that say nothing are for, found by building the model on the meta device and looking.

Only fields whose role is `UNKNOWN` are measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from transformers_export.model_code import last_model_line
from transformers_export.tiny.errors import CannotShrink
from transformers_export.tiny.roles import Role
from transformers_export.tiny.tree import Path, Tree, edited, leaves

if TYPE_CHECKING:
    from collections.abc import Callable

    Build = Callable[[Tree], tuple[Any, Any]]


def measured_roles(build: Build, tree: Tree, roles: dict[Path, Role]) -> dict[Path, Role]:
    """Return the roles with every `UNKNOWN` replaced by what building the model shows.

    Args:
        build: returns configuration and model of a tree, on the meta device.
        tree: the configuration to measure on. Fields whose role is known may have been made small already.
        roles: what the fields of the tree are.

    Raises:
        CannotShrink: the configuration as it is cannot be built, so nothing can be measured.
    """
    unknown = {p: v for p, v in leaves(tree) if roles.get(p) is Role.UNKNOWN}
    try:
        _, model = build(tree)
    except Exception as error:
        line = last_model_line(error)
        place = f" ({line})" if line else ""
        raise CannotShrink(
            f"the configuration cannot be built even as it is: {type(error).__name__}: {error}{place}. "
            "Fix it first, or pass one that builds."
        ) from error
    found = {path: _measure(build, tree, model, path, value) for path, value in unknown.items()}
    return roles | found


def _measure(build: Build, tree: Tree, model: Any, path: Path, value: int) -> Role:
    tokens = _input_embeddings(model)
    if tokens is not None and tokens.num_embeddings == value:
        return Role.VOCABULARY
    if tokens is not None and tokens.embedding_dim == value:
        return Role.SIZE
    fewer = _built(build, tree, {path: value - 1, **_cut_beside(tree, path, value)})
    if fewer is not None and _count(fewer) < _count(model):
        return Role.LAYERS
    tables = [m for m in model.modules() if isinstance(m, torch.nn.Embedding) and m is not tokens]
    if value >= 64 and any(abs(table.num_embeddings - value) <= 4 for table in tables):
        return Role.POSITIONS
    if any(value in parameter.shape for parameter in model.parameters()):
        return Role.SIZE if value > 16 else Role.KEEP
    return Role.HEADS if fewer is None and _built(build, tree, {path: 1}) is not None else Role.KEEP


def _cut_beside(tree: Tree, path: Path, count: int) -> dict[Path, Any]:
    """Cut the lists beside a field that have as many entries as it says: one for each layer, maybe."""
    return {
        p: v[:-1] for p, v in leaves(tree) if p[:-1] == path[:-1] and isinstance(v, (list, tuple)) and len(v) == count
    }


def _built(build: Build, tree: Tree, edits: dict[Path, Any]) -> Any:
    try:
        return build(edited(tree, edits))[1]
    except Exception:  # a refusal is an answer: the value is bound to another field
        return None


def _count(model: Any) -> int:
    return sum(1 for _ in model.parameters())


def _input_embeddings(model: Any) -> Any:
    try:
        found = model.get_input_embeddings()
    except NotImplementedError:
        return None
    return found if isinstance(found, torch.nn.Embedding) else None
