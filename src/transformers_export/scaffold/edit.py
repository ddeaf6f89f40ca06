"""All files that a new ONNX configuration changes: the class, `__all__` or the package, registry, matrix, docs.

Nothing is written here: the result is the new content of each file, or the reason why there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transformers_export.edits import docs, matrix, package, registry
from transformers_export.edits.source import CannotEdit
from transformers_export.rules import docs_missing
from transformers_export.scaffold.facts import CannotScaffoldError
from transformers_export.scaffold.insert import Wanted, add_class, new_file
from transformers_export.scaffold.text import class_text, names_used
from transformers_export.source import configuration
from transformers_export.source import package as exports
from transformers_export.source.configuration import key_of

if TYPE_CHECKING:
    from transformers_export.scaffold.decide import Decision
    from transformers_export.scaffold.facts import Facts
    from transformers_export.source.snapshot import Snapshot

_OWN = "transformers_export.onnx"


@dataclass(frozen=True)
class Edit:
    """One file before and after."""

    path: str
    before: bytes | None
    """None for a file that is new."""
    after: bytes
    what: str
    """What is added: `HeronOnnxConfig`, `"acme-heron" in PYTORCH_EXPORT_MODELS`."""


@dataclass(frozen=True)
class Edits:
    """Every file to write, the configuration first."""

    files: tuple[Edit, ...]
    by_hand: tuple[str, ...] = ()
    """What remains to be done."""


def edits(snapshot: Snapshot, path: str, facts: Facts, decision: Decision) -> Edits:
    """Make all edits.

    Raises:
        CannotScaffoldError: A file of Python could not be edited: then none is to be.
    """
    found = [_of_configuration(snapshot, path, facts, decision)]
    if snapshot.layout == "remote-code":
        return Edits(tuple(found))
    init, listed = _of_init(snapshot, path, decision), _of_matrix(snapshot, path, facts, decision)
    page = _of_docs(snapshot, facts)
    found += [init] if init else []
    found.append(_of_registry(snapshot, path, facts, decision))
    found += [listed] if listed else []
    found += [page] if isinstance(page, Edit) else []
    return Edits(tuple(found), (page,) if isinstance(page, str) else ())


def _edit(path: str, before: bytes, after: bytes | CannotEdit, what: str) -> Edit:
    if isinstance(after, CannotEdit):
        raise CannotScaffoldError(f"{path} could not be edited: {after.why}. Nothing was written.")
    return Edit(path, before, after, what)


def _read(snapshot: Snapshot, path: str) -> bytes:
    content = snapshot.tree.read(path)
    if content is None:
        raise CannotScaffoldError(f"{path}: no such file. Nothing was written.")
    return content


def _of_configuration(snapshot: Snapshot, path: str, facts: Facts, decision: Decision) -> Edit:
    text = class_text(decision, facts.dialect)
    wanted = _wanted(snapshot, path, facts, decision)
    if snapshot.layout == "remote-code":
        beside = path.removesuffix(".py") + "_onnx.py"
        if snapshot.tree.exists(beside):
            raise CannotScaffoldError(f"{beside} is there already. Edit it, or remove it first.")
        docstring = f"How the model is exported to ONNX. Apart from {path}, which those who only load it import too."
        return Edit(beside, None, new_file(text, wanted, docstring), decision.name)
    _require_same_meaning(snapshot, path, decision.base)
    before = _read(snapshot, path)
    after = add_class(before, text, wanted)
    exported = exports.exports(snapshot, path)
    source = snapshot.source(path)
    listed = source is not None and source.exported is not None
    if not isinstance(after, CannotEdit) and (listed or (exported and exported[0] == "all-list")):
        after = package.add_to_all(after, decision.name, beside=(facts.config_class,))
    return _edit(path, before, after, decision.name)


def _wanted(snapshot: Snapshot, path: str, facts: Facts, decision: Decision) -> tuple[Wanted, ...]:
    """What the class imports, as files of this repository import it."""
    if facts.dialect == "own":
        home, kinds = _OWN, "collections.abc"
    else:
        depth = len(snapshot.module_of(path).split(".")) - 1
        home, kinds = "." * depth + "onnx", "typing"
    names = names_used(decision, facts.dialect)
    typed = [Wanted(kinds if name == "Mapping" else "typing", name) for name in names]
    return (*typed, Wanted(home, decision.base))


def _require_same_meaning(snapshot: Snapshot, path: str, base: str) -> None:
    """Refuse a file in which the name of the base class is another thing: transformers 5.13+ has an OnnxConfig too."""
    source = snapshot.source(path)
    targets = snapshot.targets(source, base) if source else ()
    if targets and not all(target in configuration.ROOTS for target in targets):
        raise CannotScaffoldError(f"In {path} {base} is {targets[0]}: rename that import first.")


def _of_init(snapshot: Snapshot, path: str, decision: Decision) -> Edit | None:
    """The package, where it lists by name what its files hand on."""
    exported = exports.exports(snapshot, path)
    if exported is None or exported[0] != "import-structure":
        return None
    folder, _, file = path.rpartition("/")
    init = f"{folder}/__init__.py"
    before = _read(snapshot, init)
    after = package.add_to_import_structure(before, file.removesuffix(".py"), decision.name)
    return _edit(init, before, after, decision.name)


def _of_registry(snapshot: Snapshot, path: str, facts: Facts, decision: Decision) -> Edit:
    if not snapshot.registries:
        raise CannotScaffoldError("There is no features registry to put the entry into.")
    target = max(snapshot.registries, key=lambda each: _shared(each, path))
    before = _read(snapshot, target)
    key = key_of(facts.model_type)
    entry = registry.NewEntry(key, decision.features, onnx_config(snapshot, path, decision))
    after = registry.add_entry(before, entry, module=snapshot.module_of(target))
    return _edit(target, before, after, f'"{key}": {", ".join(decision.features)}')


def _shared(one: str, other: str) -> int:
    """How many folders two paths have in common."""
    pairs = zip(one.split("/"), other.split("/"), strict=False)
    return next((number for number, (a, b) in enumerate(pairs) if a != b), 0)


def onnx_config(snapshot: Snapshot, path: str, decision: Decision) -> str:
    """The dotted name to register: by the model's package in a transformers checkout, as its registry has them."""
    module = snapshot.module_of(path)
    if snapshot.layout == "transformers-4":
        module = module.rpartition(".")[0]
    return f"{module}.{decision.name}"


def _of_matrix(snapshot: Snapshot, path: str, facts: Facts, decision: Decision) -> Edit | None:
    if snapshot.matrix_path is None or snapshot.matrix is None:
        return None
    if not snapshot.matrix.sets:
        raise CannotScaffoldError(f"{snapshot.matrix_path} holds no set of models. Nothing was written.")
    set_name = _matrix_set(snapshot.matrix.sets, decision)
    key = key_of(facts.model_type)
    if any(entry.key == key for entry in snapshot.matrix.entries):
        return None
    before = _read(snapshot, snapshot.matrix_path)
    module, home = snapshot.module_of(path), onnx_config(snapshot, path, decision).rpartition(".")[0]
    names = (f"{home}.{facts.heads[0].model}", f"{home}.{facts.config_class}", f"{home}.{decision.name}")
    classes = names if any(entry.onnx_class for entry in snapshot.matrix.entries) else None
    after = matrix.add_entry(before, set_name, key, _checkpoint(snapshot, facts), classes=classes, module=module)
    return _edit(snapshot.matrix_path, before, after, f'"{key}" in {set_name}')


def _matrix_set(sets: tuple[str, ...], decision: Decision) -> str:
    """The set a model of its shape belongs to, as the matrix names its sets."""
    ours = [name for name in sets if not name.startswith(("TENSORFLOW", "TF"))] or list(sets)
    past = [name for name in ours if "WITH_PAST" in name]
    meant = [name for name in past if ("SEQ2SEQ" in name) == (decision.shape == "seq2seq")]
    plain = [name for name in ours if not any(word in name for word in ("WITH_PAST", "SEQ2SEQ", "ENCODER_DECODER"))]
    if decision.shape in ("decoder", "seq2seq"):
        return (meant or past or plain or ours)[0]
    return (plain or ours)[0]


def _checkpoint(snapshot: Snapshot, facts: Facts) -> str:
    """A name to load: the hub has tiny random models of what transformers has; elsewhere it is for people to say."""
    owner = "hf-internal-testing/" if snapshot.layout == "transformers-4" else ""
    return f"{owner}tiny-random-{facts.heads[0].model}"


def _of_docs(snapshot: Snapshot, facts: Facts) -> Edit | str | None:
    """The docs list of architectures, where the page names most of those that are registered; or what to do there."""
    page, entries = snapshot.documented, snapshot.registry.entries
    key = key_of(facts.model_type)
    named = [entry for entry in entries if page and docs_missing.is_named(snapshot, page, entry)]
    if page is None or not entries or 2 * len(named) < len(entries):
        return None
    shown = snapshot.names_shown.get(key, key)
    if page.has((key, facts.model_type, shown)):
        return None
    before = _read(snapshot, page.path)
    after = docs.add_name(before, page.line, shown)
    if isinstance(after, CannotEdit):
        return f"add {shown} to the list in {page.path}: {after.why}."
    return Edit(page.path, before, after, shown)
