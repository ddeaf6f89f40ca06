"""Which model types each Auto class knows: the tables of transformers, and a package's `AutoModel...register` calls."""

from __future__ import annotations

import ast
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from transformers_export.source import python
from transformers_export.source.configuration import key_of
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from transformers_export.source.modules import Modules
    from transformers_export.source.snapshot import Snapshot

TABLES = "src/transformers/models/auto/modeling_auto.py"
TENSORFLOW_TABLES = "src/transformers/models/auto/modeling_tf_auto.py"
_CONFIGURATIONS = "src/transformers/models/auto/configuration_auto.py"
FILES = (TABLES, TENSORFLOW_TABLES, _CONFIGURATIONS)
"""Everything that a checkout's Auto classes are read from."""
_FACTORY = "auto_class_factory"
"""Made the Auto classes until the summer of 2021: `AutoModel = auto_class_factory("AutoModel", MODEL_MAPPING)`."""


class Heads(NamedTuple):
    """What is known about Auto classes."""

    models: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType({})
    """Auto class name to the registry keys it has a model for, each with the classes it chooses from: their names in
    transformers, their absolute dotted names in a package."""
    complete: bool = False
    """Whether `models` holds every model type (transformers itself), or only those of `judged` (a package)."""
    judged: frozenset[str] = frozenset()
    """Keys for which a package registers models, so that a head that is not registered is missing."""
    unsure: frozenset[str] = frozenset()
    """Auto classes whose tables could not be read."""
    unread: tuple[Unread, ...] = ()

    def lacks(self, auto_classes: Sequence[str], key: str) -> bool:
        """Whether it is certain that none of the Auto classes has a model for the key."""
        tables = [self.models[name] for name in auto_classes if name in self.models]
        if any(key in table for table in tables) or not self.unsure.isdisjoint(auto_classes):
            return False
        return bool(tables) if self.complete else key in self.judged

    def of(self, key: str) -> frozenset[str]:
        """The Auto classes that have a model for the key."""
        return frozenset(name for name, keys in self.models.items() if key in keys)

    def classes(self, auto_classes: Sequence[str], key: str) -> tuple[str, ...]:
        """The model classes that the first of the Auto classes with a model for the key chooses from."""
        return next((table[key] for name in auto_classes if key in (table := self.models.get(name, {}))), ())


_FEW = 2
"""Model types whose rows are read by themselves. Reading all rows takes as long as those of ten."""


class TableHeads:
    """The same of a transformers checkout: its tables, of which only rows that somebody asks for are read."""

    def __init__(self, modules: Modules, path: str, wanted: frozenset[str]) -> None:
        self._modules = modules
        self._path = path
        self._wanted = wanted
        self._known: dict[str, Heads] = {}

    def _of(self, key: str) -> Heads:
        narrow = key if key in self._known or len(self._known) < _FEW else ""
        if narrow not in self._known:
            self._known[narrow] = read_table_file(self._modules, self._path, self._wanted, narrow)
        return self._known[narrow]

    def lacks(self, auto_classes: Sequence[str], key: str) -> bool:
        """See `Heads.lacks`."""
        return self._of(key).lacks(auto_classes, key)

    def of(self, key: str) -> frozenset[str]:
        """See `Heads.of`."""
        return self._of(key).of(key)

    def classes(self, auto_classes: Sequence[str], key: str) -> tuple[str, ...]:
        """See `Heads.classes`."""
        return self._of(key).classes(auto_classes, key)

    @property
    def unread(self) -> tuple[Unread, ...]:
        """What is said of the tables themselves, whichever rows are read."""
        return (next(iter(self._known.values()), None) or self._of("")).unread


def read(snapshot: Snapshot) -> Heads | TableHeads:
    """Read the tables of a transformers checkout, or the register calls of a package."""
    if snapshot.layout in ("transformers-4", "transformers-5"):
        return TableHeads(snapshot, TABLES, _wanted(snapshot.registry.tasks))
    if snapshot.layout == "package":
        return _registered(snapshot)
    return Heads()


def read_tensorflow(snapshot: Snapshot) -> TableHeads:
    """The same for TensorFlow."""
    return TableHeads(snapshot, TENSORFLOW_TABLES, _wanted(snapshot.registry.tensorflow_tasks))


def _wanted(tasks: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    return frozenset(auto for autos in tasks.values() for auto in autos)


def read_table_file(modules: Modules, path: str, wanted: frozenset[str], key: str = "") -> Heads:
    """Read the tables of some Auto classes of a transformers checkout; nothing is known where the file is not there.

    With `key` that model type is all that is known afterwards.
    """
    source = modules.tables(path, wanted, key)
    return tables(source, lambda: _keys_of_classes(modules)) if source else Heads()


def tables(source: python.Source, keys_of_classes: Callable[[], dict[str, tuple[str, ...]]] = dict) -> Heads:
    """Follow each Auto class to its mapping, and the mapping to its table of names.

    A table that is computed or changed after it was written is left out and reported: nothing is concluded from it.
    Until August 2021 the mapping itself was the table, of configuration and model classes; `keys_of_classes` says
    which keys a configuration class stands for.
    """
    models: dict[str, dict[str, tuple[str, ...]]] = {}
    unread = list(source.unread)
    unsure: set[str] = set()
    changed = {item.name for item in python.changes(source.body)}
    for auto_class, mapping in _auto_classes(source):
        name = _table_of(source, mapping)
        if name is None:
            continue
        values = source.assigned.get(name, ())
        table = _table(values[0], keys_of_classes) if len(values) == 1 and name not in changed else None
        if table is not None:
            models[auto_class] = table
        elif values:
            unsure.add(auto_class)
            unread.append(Unread(source.path, values[-1].lineno, f"{name} is computed"))
    return Heads(models, complete=True, unsure=frozenset(unsure), unread=tuple(unread))


def _auto_classes(source: python.Source) -> Iterator[tuple[str, str]]:
    """Every Auto class with the name of its mapping: `class AutoModel: _model_mapping = MODEL_MAPPING`."""
    for item in source.classes.values():
        for node in item.node.body:
            value = node.value if isinstance(node, ast.Assign) and _names(node.targets, "_model_mapping") else None
            if isinstance(value, ast.Name):
                yield item.name, value.id
    for name, values in source.assigned.items():
        for value in values:
            if isinstance(value, ast.Call) and python.dotted(value.func) == _FACTORY and len(value.args) > 1:
                mapping = value.args[1]
                if isinstance(mapping, ast.Name):
                    yield name, mapping.id


def _table_of(source: python.Source, mapping: str) -> str | None:
    """The table behind a mapping: `MODEL_MAPPING = _LazyAutoMapping(..., MODEL_MAPPING_NAMES)`, or itself."""
    for value in source.assigned.get(mapping, ()):
        if isinstance(value, ast.Call) and len(value.args) == 2 and isinstance(value.args[1], ast.Name):
            return value.args[1].id
        if python.pairs(value) is not None:
            return mapping
    return None


def _keys_of_classes(modules: Modules) -> dict[str, tuple[str, ...]]:
    """Configuration class to registry keys, as `CONFIG_MAPPING` of older trees says."""
    source = modules.source(_CONFIGURATIONS)
    found: dict[str, tuple[str, ...]] = {}
    for value in source.assigned.get("CONFIG_MAPPING", ()) if source else ():
        for key, chosen in python.pairs(value) or ():
            name, written = python.dotted(chosen), python.text(key)
            if name and written:
                found[name] = (*found.get(name, ()), key_of(written))
    return found


def _names(targets: list[ast.expr], name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _table(
    value: ast.expr, keys_of_classes: Callable[[], dict[str, tuple[str, ...]]]
) -> dict[str, tuple[str, ...]] | None:
    """What `OrderedDict([("albert", "AlbertModel"), ...])` says, a dictionary literal, or the same with classes."""
    pairs = python.pairs(value)
    if pairs is None:
        return None
    if any(isinstance(key, ast.Name) for key, _ in pairs):
        return _said(pairs, keys_of_classes())
    return _named(value)


@lru_cache(maxsize=256)
def _named(value: ast.expr) -> dict[str, tuple[str, ...]] | None:
    """A table of names alone. Two trees with the same file have the same syntax tree, and read it once."""
    return _said(python.pairs(value) or [], {})


def _said(
    pairs: list[tuple[ast.expr | None, ast.expr]], known: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]] | None:
    found: dict[str, tuple[str, ...]] = {}
    for key, chosen in pairs:
        name = python.text(key)
        keys = (key_of(name),) if name is not None else known.get(key.id) if isinstance(key, ast.Name) else None
        if keys is None:
            return None
        several = chosen.elts if isinstance(chosen, ast.Tuple) else [chosen]
        names = [python.text(item) or python.dotted(item) for item in several]
        found.update(dict.fromkeys(keys, tuple(item for item in names if item)))
    return found


class Registration(NamedTuple):
    """One call of an Auto class's `register`."""

    path: str
    line: int
    auto_class: str
    keys: frozenset[str] | None
    """The registry keys it is for; None where they are computed."""
    files: frozenset[str]
    """Where the classes it names are written."""
    said: str
    """The call, wherever it stands: equal when nothing about it changed."""


def registrations(snapshot: Snapshot) -> tuple[Registration, ...]:
    """Every call of an Auto class's `register` in a package."""
    return tuple(
        _registration(snapshot, within, auto_class, call)
        for source in filter(None, map(snapshot.source, snapshot.auto_registrations))
        for within, auto_class, call in _auto_calls(snapshot, source)
        if auto_class
    )


def _registration(snapshot: Snapshot, source: python.Source, auto_class: str, call: ast.Call) -> Registration:
    first = call.args[0] if call.args else None
    written = python.text(first)
    if written is not None:
        keys: frozenset[str] | None = frozenset((key_of(written),))
    else:
        keys = _keys_of(snapshot, source, first) if first else None
    given = (*call.args, *(item.value for item in call.keywords))
    names = (name for name in map(python.dotted, given) if name)
    classes = (snapshot.find_class(target) for name in names for target in snapshot.targets(source, name))
    files = frozenset(item.path for item in classes if item)
    return Registration(source.path, call.lineno, auto_class, keys, files, python.said(call))


def _registered(snapshot: Snapshot) -> Heads:
    models: dict[str, dict[str, tuple[str, ...]]] = {}
    judged: set[str] = set()
    unread: list[Unread] = []
    for path in snapshot.auto_registrations:
        file = snapshot.source(path)
        for source, auto_class, call in _auto_calls(snapshot, file) if file else ():
            if auto_class == "AutoConfig":
                continue
            if not auto_class:
                unread.append(Unread(path, call.lineno, "on which Auto class register is called"))
                continue
            keys = _keys_of(snapshot, source, call.args[0]) if call.args else None
            if keys is None:
                unread.append(Unread(path, call.lineno, f"the configuration given to {auto_class}.register"))
                continue
            judged |= keys
            named = python.dotted(call.args[1]) if len(call.args) > 1 else None
            classes = snapshot.targets(source, named)[:1] if named else ()
            models.setdefault(auto_class, {}).update(dict.fromkeys(keys, classes))
    # What one call registers is unknown: no head can be called missing any more.
    certain = frozenset() if unread else frozenset(judged)
    return Heads(models, judged=certain, unread=tuple(unread))


def registers(modules: Modules, path: str) -> bool:
    """Whether a file calls `AutoConfig.register` or `AutoModel...register`; see `registry.registers`."""
    source = modules.source(path)
    if source is not None and source.unread:
        return modules.mentions(path, "Auto", ".register(")
    return source is not None and any(name for _, name, _ in _auto_calls(modules, source))


def is_call(modules: Modules, source: python.Source, node: ast.expr) -> bool:
    """Whether an expression is a call of an Auto class's `register` and nothing more."""
    return isinstance(node, ast.Call) and bool(_registering(modules, source, node))


def _auto_calls(modules: Modules, source: python.Source) -> Iterator[tuple[python.Source, str, ast.Call]]:
    """Every call of an Auto class's `register`, with the file as seen from there and the name of the class.

    The name is empty where it cannot be told: `auto.register(config, model)` in a loop or a function.
    """
    for statement in source.body:
        within = python.inner(source, statement)
        for node in python.walk(statement):
            name = _registering(modules, within, node) if isinstance(node, ast.Call) else None
            if name is not None and isinstance(node, ast.Call):
                yield within, name, node


def _registering(modules: Modules, source: python.Source, node: ast.Call) -> str | None:
    """The Auto class whose `register` is called, empty where it is given by a name that nothing imports."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr != "register":
        return None
    called = python.dotted(node.func.value)
    targets = modules.targets(source, called) if called else ()
    if not targets and isinstance(node.func.value, ast.Name) and len(node.args) == 2:
        return None if node.func.value.id in source.assigned else ""
    for target in targets:
        name = target.rpartition(".")[2]
        if target.startswith("transformers.") and name.startswith(("AutoModel", "AutoConfig")):
            return name
    return None


def _keys_of(snapshot: Snapshot, source: python.Source, node: ast.expr) -> frozenset[str] | None:
    """The keys of the configuration class that a call names."""
    name = python.dotted(node)
    for target in snapshot.targets(source, name) if name else ():
        found = snapshot.find_class(target)
        if found:
            types = (item.key for item in snapshot.model_types(found.path) if item.class_name == found.name)
            return frozenset(types) or None
    return None
