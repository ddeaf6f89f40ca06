"""All files that a new ONNX configuration changes: its own, the registry, and what the rules then miss elsewhere.

Nothing is written here: the result is the new content of each file, or the reason why there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transformers_export.edits import matrix, package, registry
from transformers_export.edits.classes import Wanted, add_class, new_file
from transformers_export.edits.source import CannotEdit
from transformers_export.fixing import Fixes, find_fixes
from transformers_export.rules import testing
from transformers_export.rules.catalog import find_all
from transformers_export.rules.registering import entry_for
from transformers_export.scaffold.facts import CannotScaffoldError
from transformers_export.scaffold.text import class_text, names_used
from transformers_export.source import configuration
from transformers_export.source import package as exports
from transformers_export.source.configuration import key_of
from transformers_export.source.overlay import Overlay

if TYPE_CHECKING:
    from transformers_export.project import Project
    from transformers_export.scaffold.decide import Decision
    from transformers_export.scaffold.facts import Facts
    from transformers_export.source.snapshot import Snapshot

_OWN = "transformers_export.onnx"
_NOTHING = "Nothing was written."


@dataclass(frozen=True)
class _Work:
    """What is to be written where."""

    project: Project
    snapshot: Snapshot
    path: str
    """The configuration file."""
    facts: Facts
    decision: Decision

    def read(self, path: str) -> bytes:
        """A file as it is."""
        content = self.snapshot.tree.read(path)
        if content is None:
            raise CannotScaffoldError(f"{path}: no such file. {_NOTHING}")
        return content


def edits(project: Project, snapshot: Snapshot, path: str, facts: Facts, decision: Decision) -> Fixes:
    """Write the class and its registry entry, and mend what the rules then find: package, matrix, docs.

    Args:
        project: The repository.
        snapshot: Its files as they are.
        path: The configuration file.
        facts: What was read of the model.
        decision: What to declare.

    Returns:
        The new content of every file, with what was done and what remains to be looked at. A file that is new is not
        in `before`.

    Raises:
        CannotScaffoldError: A file could not be edited: then none is to be.
    """
    work = _Work(project, snapshot, path, facts, decision)
    if snapshot.layout == "remote-code":
        beside = path.removesuffix(".py") + "_onnx.py"
        what = f"Write {decision.name} into {beside}, apart from what those who only load the model import."
        return Fixes({beside: _beside(work, beside)}, {}, (what,))
    files = {path: _with_class(work)}
    target, content, entered = _with_entry(work, files)
    done = (f"Write {decision.name} into {path}.", entered)
    return _with_the_rest(work, {**files, target: content}, done)


def _done(path: str, after: bytes | CannotEdit) -> bytes:
    if isinstance(after, CannotEdit):
        raise CannotScaffoldError(f"{path} could not be edited: {after.why}. {_NOTHING}")
    return after


def _beside(work: _Work, path: str) -> bytes:
    """A file of its own: whoever loads the model with its remote code must not need this package."""
    if work.snapshot.tree.exists(path):
        raise CannotScaffoldError(f"{path} is there already. Edit it, or remove it first.")
    text = class_text(work.decision, work.facts.dialect)
    return new_file(text, _wanted(work), f"How {work.facts.config_class} is exported to ONNX.")


def _with_class(work: _Work) -> bytes:
    """The configuration file with the class, and with its name in `__all__` where it has one or must have one."""
    source = work.snapshot.source(work.path)
    base = work.decision.base
    targets = work.snapshot.targets(source, base) if source else ()
    if not all(target in configuration.ROOTS for target in targets):  # transformers 5.13+ has an OnnxConfig too
        raise CannotScaffoldError(f"In {work.path} {base} is {targets[0]}: rename that import first. {_NOTHING}")
    if work.facts.dialect == "transformers" and work.snapshot.find_class(f"transformers.onnx.{base}") is None:
        raise CannotScaffoldError(f"This checkout's transformers.onnx has no {base}, which the model needs. {_NOTHING}")
    after = add_class(work.read(work.path), class_text(work.decision, work.facts.dialect), _wanted(work))
    exported = exports.exports(work.snapshot, work.path)
    if source is not None and (source.exported is not None or (exported and exported[0] == "all-list")):
        after = package.add_to_all(_done(work.path, after), work.decision.name, beside=(work.facts.config_class,))
    return _done(work.path, after)


def _wanted(work: _Work) -> tuple[Wanted, ...]:
    """What the class imports, as files of this repository import it."""
    if work.facts.dialect == "own":
        home, kinds = _OWN, "collections.abc"
    else:
        depth = len(work.snapshot.module_of(work.path).split(".")) - 1
        home, kinds = "." * depth + "onnx", "typing"
    names = names_used(work.decision, work.facts.dialect)
    typed = [Wanted(kinds if name == "Mapping" else "typing", name) for name in names]
    return (*typed, Wanted(home, work.decision.base))


def _with_entry(work: _Work, files: dict[str, bytes]) -> tuple[str, bytes, str]:
    """The registry with an entry for what can be exported: its path, its content, and a sentence."""
    if not work.snapshot.registries:
        raise CannotScaffoldError(f"There is no features registry to put the entry into. {_NOTHING}")
    target = max(work.snapshot.registries, key=lambda each: _shared(each, work.path))
    if work.snapshot.registry.unread:
        first = work.snapshot.registry.unread[0]
        where = f"{first.path}:{first.line}"
        raise CannotScaffoldError(f"The registry could not be read as a whole: {where}: {first.why}. {_NOTHING}")
    snapshot = work.project.snapshot(Overlay(work.snapshot.tree, files))
    written = next(item for item in snapshot.onnx_classes(work.path) if item.name == work.decision.name)
    usual = entry_for(snapshot, written)
    if usual is None:
        raise CannotScaffoldError(f"What {target} must say of {written.name} is not certain. {_NOTHING}")
    # In the order that other entries keep; of heads that are not exported the rules know nothing.
    features = tuple(sorted(work.decision.features, key=lambda name: [*usual.features, name].index(name)))
    entry = registry.NewEntry(usual.key, features, usual.onnx_config)
    after = registry.add_entry(work.read(target), entry, module=snapshot.module_of(target))
    said = f'Register it as "{usual.key}" in {target} with {", ".join(features)}.'
    return target, _done(target, after), said


def _shared(one: str, other: str) -> int:
    """How many folders two paths have in common."""
    pairs = zip(one.split("/"), other.split("/"), strict=False)
    return next((number for number, (a, b) in enumerate(pairs) if a != b), 0)


def _with_the_rest(work: _Work, files: dict[str, bytes], done: tuple[str, ...]) -> Fixes:
    """What the rules find missing once the class is registered: the package, the matrix, the docs."""
    head = work.project.snapshot(Overlay(work.snapshot.tree, files))
    more = find_fixes(work.project, head, work.snapshot, frozenset(files), ignore=work.project.settings.ignore)
    after = {**files, **more.files}
    what, notes = (*done, *more.what), more.notes
    tested = _in_matrix(work, after)
    if tested is not None:
        path, content, sentence, note = tested
        after[path] = content
        what, notes = (*what, sentence), (*notes, note)
    _require_nothing_wrong(work, after)
    return Fixes(after, {path: work.read(path) for path in after}, what, notes)


def _require_nothing_wrong(work: _Work, files: dict[str, bytes]) -> None:
    """Refuse what the rules would call an error: an old tree may lack what its base classes have since."""
    head = work.project.snapshot(Overlay(work.snapshot.tree, files))
    findings, _ = find_all(head, work.snapshot, frozenset(files), ignore=work.project.settings.ignore)
    wrong = [item for item in findings if item.status == "new" and item.severity == "error"]
    if wrong:
        said = " ".join(f"{item.message} [{item.rule}]" for item in wrong)
        raise CannotScaffoldError(f"What would be written is not right: {said} {_NOTHING}")


def _in_matrix(work: _Work, files: dict[str, bytes]) -> tuple[str, bytes, str, str] | None:
    """The matrix with an entry, where the rules left it because they do not make up a checkpoint."""
    found = work.project.snapshot(Overlay(work.snapshot.tree, files)).matrix
    key = key_of(work.facts.model_type)
    set_name = testing.set_for(found, work.decision.features) if found is not None else None
    if found is None or set_name is None or any(entry.key == key for entry in found.entries):
        return None
    checkpoint = f"tiny-random-{work.facts.heads[0].model}"
    content = files.get(found.path) or work.read(found.path)
    after = matrix.add_entry(content, set_name, key, checkpoint)
    if isinstance(after, CannotEdit):
        return None
    note = f'the checkpoint {checkpoint} of "{key}" in {found.path} is made up: put one there that the test can load.'
    return found.path, after, f'Add "{key}" to {set_name} in {found.path}.', note
