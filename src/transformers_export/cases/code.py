"""Which model types of a package a change of code affects: those that import it, in the head or in the base."""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING

from transformers_export.source import modeling, python, registry
from transformers_export.source.imports import Imports
from transformers_export.verdict.types import Affected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from transformers_export.source.snapshot import Snapshot

FOREIGN = ("modeling_tf_", "modeling_flax_")
"""Models of frameworks that are not exported."""


def is_model_code(path: str) -> bool:
    """Whether a file is named like the code of a model."""
    name = path.rpartition("/")[2]
    return name.startswith(("modeling_", "modular_")) and name.endswith(".py") and not name.startswith(FOREIGN)


def by_code(
    head: Snapshot, base: Snapshot | None, changed: frozenset[str], known: frozenset[str]
) -> Iterator[Affected]:
    """The known model types whose code changed, each for every file that says so."""
    python_files = frozenset(path for path in changed if path.endswith(".py"))
    if not any(not head.aside or not path.startswith(head.aside) for path in python_files):
        return
    shared = frozenset(path for path in python_files if base is None or _differs(head, base, path))
    for snapshot in (head, base) if base else (head,):
        yield from _in_tree(snapshot, python_files, shared, known)
    for path in sorted(python_files.intersection(head.auto_registrations)):
        for key in sorted(_registered_anew(head, base, path) & known):
            yield Affected(key, path, f"what {path} registers for it changed")


def _in_tree(
    snapshot: Snapshot, changed: frozenset[str], shared: frozenset[str], known: frozenset[str]
) -> Iterator[Affected]:
    imports = Imports(snapshot)
    deciding = frozenset((*snapshot.registries, *snapshot.auto_registrations))
    for key in sorted(known):
        roots = roots_of(snapshot, key)
        found = imports.closure(roots)
        for path in sorted(changed.intersection(found)):
            own = "its modeling code changed" if is_model_code(path) else "its code changed"
            yield Affected(key, path, own if path in roots else f"imported by {found[path]}")
        around = deciding | imports.packages((*found, *deciding))
        for path in sorted(shared.intersection(around)):
            yield Affected(key, path, f"{path} changed outside its entries")


def roots_of(snapshot: Snapshot, key: str) -> frozenset[str]:
    """Where the code of a model type begins: its configurations, its ONNX configuration, its models."""
    entry = snapshot.registry.entry(key)
    exported = snapshot.find_entry_class(entry) if entry else None
    found = {exported.path} if exported else set()
    found |= {path for path in snapshot.configurations if any(item.key == key for item in snapshot.model_types(path))}
    models: set[str] = set()
    for call in modeling.registrations(snapshot):
        if call.keys is None:  # it may register anything the file imports
            models.add(call.path)
        elif key in call.keys:
            (found if call.auto_class == "AutoConfig" else models).update(call.files)
    folders = {path.rpartition("/")[0] for path in found}
    for path in snapshot.tree.paths():
        beside = path.endswith(".py") and path.rpartition("/")[0] in folders
        if beside and (is_model_code(path) or not (models or path.rpartition("/")[2].startswith(FOREIGN))):
            found.add(path)
    return frozenset(found | {path for path in models if not path.startswith("<")})


def _registered_anew(head: Snapshot, base: Snapshot | None, path: str) -> set[str]:
    """The keys whose Auto registrations in a file are others than before."""
    said: list[Counter[tuple[str, str]]] = []
    for snapshot in (head, base):
        calls = modeling.registrations(snapshot) if snapshot else ()
        said.append(Counter((key, call.said) for call in calls if call.path == path for key in call.keys or ()))
    return {key for key, _ in (said[0] - said[1]) + (said[1] - said[0])}


def _differs(head: Snapshot, base: Snapshot, path: str) -> bool:
    """Whether a file changed in what it does besides handing on names and registering."""
    now, before = head.source(path), base.source(path)
    if now is None or before is None or now.unread or before.unread:
        return True
    kept = all(now.imports.get(name) == target for name, target in before.imports.items())
    return not kept or now.stars != before.stars or _rest(head, now) != _rest(base, before)


def _rest(snapshot: Snapshot, source: python.Source) -> Counter[str]:
    return Counter(python.said(node) for node in source.body if not _hands_on(snapshot, source, node))


def _hands_on(snapshot: Snapshot, source: python.Source, node: ast.stmt) -> bool:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return True
    if isinstance(node, ast.Expr):
        if isinstance(node.value, ast.Constant):
            return True
        return registry.is_call(snapshot, source, node.value) or modeling.is_call(snapshot, source, node.value)
    targets: Iterable[ast.expr] = node.targets if isinstance(node, ast.Assign) else ()
    return any(isinstance(target, ast.Name) and target.id in ("__all__", "_import_structure") for target in targets)
