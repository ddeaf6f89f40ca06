"""Features registries: which model types can be exported with which features, by which ONNX configuration.

Three forms are read: the dictionary of transformers 4 (`_SUPPORTED_MODEL_TYPE`, in older trees
`_SUPPORTED_MODEL_KIND`, with `supported_features_mapping(...)` or plain dictionaries inside), and calls of
`FeaturesManager.register`. A computed key or class is reported as not read.
"""

from __future__ import annotations

import ast
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from transformers_export.source import python
from transformers_export.source.modules import SHIPPED
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from transformers_export.source.modules import Modules

TABLES = ("_SUPPORTED_MODEL_TYPE", "_SUPPORTED_MODEL_KIND", "SUPPORTED_MODEL_KIND")
_TASKS = ("_TASKS_TO_AUTOMODELS", "FEATURES_TO_AUTOMODELS")
_TENSORFLOW_TASKS = ("_TASKS_TO_TF_AUTOMODELS", "FEATURES_TO_TF_AUTOMODELS")
_REGISTER = (
    "transformers_export.onnx.FeaturesManager.register",
    "transformers_export.onnx.features.FeaturesManager.register",
)
READY_MADE = tuple(
    SHIPPED + f"transformers_export/onnx/{name}.py"
    for name in (
        "features",
        *(
            f"ready_made/{shape}"
            for shape in ("audio", "decoders", "encoders", "images", "sequence_to_sequence", "several")
        ),
    )
)
"""Our own registry: which Auto class each task takes, and the entries."""


class Feature(NamedTuple):
    """One feature of an entry and where it is written."""

    name: str
    line: int
    column: int

    @property
    def task(self) -> str:
        """The feature without `-with-past`."""
        return self.name.replace("-with-past", "")

    @property
    def past(self) -> bool:
        """Whether it is exported with past key values; in July 2021 that was a feature of its own."""
        return self.name.endswith("-with-past") or self.name == "with_past"


class Entry(NamedTuple):
    """One registered model type."""

    key: str
    path: str
    line: int
    column: int
    features: tuple[Feature, ...]
    onnx_config: str
    """Absolute dotted name of the class, e.g. `transformers.models.albert.AlbertOnnxConfig`."""
    table: int | None = None
    """Line of the dictionary it stands in, 0 for a call that nothing guards, None for one under a condition."""

    @property
    def said(self) -> tuple[str, str, tuple[str, ...]]:
        """What the entry says, wherever it is written: equal when nothing about it changed."""
        return self.key, self.onnx_config, tuple(feature.name for feature in self.features)


class Registry(NamedTuple):
    """All entries of a repository."""

    entries: tuple[Entry, ...] = ()
    tasks: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """Task to the names of its Auto classes, in the order they are tried."""
    unread: tuple[Unread, ...] = ()
    tensorflow_tasks: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """The same for TensorFlow, in the trees that have it."""
    tasks_known: bool = True
    """Whether these are all tasks: not where a table of them is computed, or a tree of transformers has none."""

    def entry(self, key: str) -> Entry | None:
        """The entry of a key; the last one, as at run time, where it is registered twice."""
        return next((entry for entry in reversed(self.entries) if entry.key == key), None)


def read(modules: Modules, paths: Sequence[str]) -> Registry:
    """Read the registry files; those that do not exist say nothing."""
    entries: list[Entry] = []
    unread: list[Unread] = []
    tasks: dict[str, tuple[str, ...]] = {}
    tensorflow: dict[str, tuple[str, ...]] = {}
    known = True
    for path in paths:
        source = modules.source(path)
        if source is None:
            continue
        unread += source.unread
        found = _tasks(source, _TASKS)
        tasks.update(found or {})
        tensorflow.update(_tasks(source, _TENSORFLOW_TASKS) or {})
        known = known and found is not None
        for item in (*_table_entries(modules, source), *_register_calls(modules, source)):
            (unread if isinstance(item, Unread) else entries).append(item)  # type: ignore[arg-type]
    if not tasks and READY_MADE[0] not in paths:
        known = known and all(entry.table is None or entry.table == 0 for entry in entries)
        tasks.update(read(modules, READY_MADE[:1]).tasks)
    return Registry(tuple(entries), tasks, tuple(unread), tensorflow, known)


def registers(modules: Modules, path: str) -> bool:
    """Whether a file calls `FeaturesManager.register`; one that is no valid Python when it names both words."""
    source = modules.source(path)
    if source is not None and source.unread:
        return modules.mentions(path, "FeaturesManager", "register")
    return source is not None and any(True for _ in _register_calls(modules, source))


def _statements(source: python.Source) -> Iterator[ast.stmt]:
    """What a file says at its top and in the bodies of its classes."""
    for statement in source.body:
        yield statement
        if isinstance(statement, ast.ClassDef):
            yield from python.flat(statement.body)


def _assignments(source: python.Source, names: Sequence[str]) -> Iterator[ast.expr]:
    for statement in _statements(source):
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        else:
            continue
        if statement.value is not None and any(isinstance(node, ast.Name) and node.id in names for node in targets):
            yield statement.value


def _tasks(source: python.Source, tables: Sequence[str]) -> dict[str, tuple[str, ...]] | None:
    """Task to Auto classes as the tables of those names say together; None where one is computed, or changed later."""
    found: dict[str, tuple[str, ...]] = {}
    if any(python.changes(_statements(source), *tables)):
        return None
    for value in _assignments(source, tables):
        if not isinstance(value, ast.Dict):
            return None
        for key, model in zip(value.keys, value.values, strict=True):
            task = python.string(key, source)
            names = (model.id,) if isinstance(model, ast.Name) else python.strings(model, source)
            if not task or not names:
                return None
            found[task] = names
    return found


def _table_entries(modules: Modules, source: python.Source) -> Iterator[Entry | Unread]:
    for table in _assignments(source, TABLES):
        yield from _table(modules, source, table)
    for change in python.changes(_statements(source), *TABLES):
        if change.key is not None and change.one is not None:
            yield _pair(modules, source, change.key, change.one, change.line)
        elif change.key is None and change.many is not None:
            yield from _table(modules, source, change.many)
        else:
            yield Unread(source.path, change.line, "the registry is changed in an unknown way")


def _table(modules: Modules, source: python.Source, table: ast.expr) -> Iterator[Entry | Unread]:
    if not isinstance(table, ast.Dict):
        yield Unread(source.path, table.lineno, "the registry is no dictionary literal")
        return
    for key, value in zip(table.keys, table.values, strict=True):
        yield _pair(modules, source, key, value, table.lineno)


def _pair(modules: Modules, source: python.Source, key: ast.expr | None, value: ast.expr, table: int) -> Entry | Unread:
    name = python.string(key, source)
    if key is None or name is None:
        return Unread(source.path, (key or value).lineno, "a registry key is computed")
    if isinstance(value, ast.Call):
        found = _call_entry(modules, source, name, key, value, value.args, "onnx_config_cls")
    elif isinstance(value, ast.Dict):
        found = _dictionary_entry(modules, source, name, key, value)
    else:
        return Unread(source.path, value.lineno, f"the registry entry of {name} has an unknown form")
    return found if isinstance(found, Unread) else found._replace(table=table)


def _register_calls(modules: Modules, source: python.Source) -> Iterator[Entry | Unread]:
    if not modules.mentions(source.path, "FeaturesManager", "register"):
        return  # whatever it is called there, both words stand in the file
    for statement in source.body:
        within = python.inner(source, statement)
        for node in python.walk(statement):
            if not isinstance(node, ast.Call) or not is_call(modules, within, node):
                continue
            key = node.args[0] if node.args else None
            name = python.string(key, within)
            if key is None or name is None:
                yield Unread(source.path, node.lineno, "the model type given to FeaturesManager.register is computed")
            else:
                normal = name.replace("_", "-").lower()  # as register() itself does
                entry = _call_entry(modules, within, normal, key, node, node.args[1:], "onnx_config")
                certain = isinstance(statement, ast.Expr) and statement.value is node and not statement.col_offset
                yield entry._replace(table=0) if certain and isinstance(entry, Entry) else entry


def is_call(modules: Modules, source: python.Source, node: ast.expr) -> bool:
    """Whether an expression is a call of `FeaturesManager.register`, by a name of the file's own for it too."""
    called = python.dotted(node.func) if isinstance(node, ast.Call) else None
    if called is None:
        return False
    head, _, rest = called.partition(".")
    if rest.rpartition(".")[2] != "register" and rest:
        return False
    values = source.assigned.get(head, ())
    behind = python.dotted(values[0]) if len(values) == 1 else None
    written = ".".join(filter(None, (behind or head, rest)))
    return any(target in _REGISTER for target in modules.targets(source, written))


def _call_entry(
    modules: Modules,
    source: python.Source,
    name: str,
    key: ast.expr,
    call: ast.Call,
    arguments: list[ast.expr],
    keyword: str,
) -> Entry | Unread:
    features: list[Feature] = []
    for argument in arguments:
        names = python.strings(argument.value, source) if isinstance(argument, ast.Starred) else None
        value = python.string(argument, source)
        if names is None and value is None:
            return Unread(source.path, argument.lineno, f"a feature of {name} is computed")
        features += [
            Feature(item, argument.lineno, argument.col_offset + 1) for item in names or ([value] if value else ())
        ]
    given = next((item.value for item in call.keywords if item.arg == keyword), None)
    target = _target(modules, source, given)
    if target is None:
        return Unread(source.path, call.lineno, f"the ONNX configuration class of {name} is computed or missing")
    return Entry(name, source.path, key.lineno, key.col_offset + 1, tuple(features), target)


def _dictionary_entry(
    modules: Modules, source: python.Source, name: str, key: ast.expr, value: ast.Dict
) -> Entry | Unread:
    """The oldest form: `{"default": AlbertOnnxConfig.default, ...}`; some entries name the class itself."""
    features: list[Feature] = []
    targets: set[str] = set()
    for feature, constructor in zip(value.keys, value.values, strict=True):
        feature_name = python.string(feature, source)
        made = (
            constructor.value if isinstance(constructor, ast.Attribute) and constructor.attr.islower() else constructor
        )
        target = _target(modules, source, made)
        if feature is None or feature_name is None or target is None:
            return Unread(source.path, constructor.lineno, f"the registry entry of {name} has an unknown form")
        features.append(Feature(feature_name, feature.lineno, feature.col_offset + 1))
        targets.add(target)
    if len(targets) != 1:
        return Unread(source.path, value.lineno, f"the registry entry of {name} names several classes, or none")
    return Entry(name, source.path, key.lineno, key.col_offset + 1, tuple(features), targets.pop())


def _target(modules: Modules, source: python.Source, given: ast.expr | None) -> str | None:
    """The absolute dotted name of a class given as a string or as a name."""
    if given is None:
        return None
    written = python.text(given)
    if written is not None:
        # transformers 4 looks the string up in the package `transformers` itself.
        package = modules.module_of(source.path).partition(".")[0]
        return f"{package}.{written}" if written.startswith("models.") else written
    name = python.dotted(given)
    targets = modules.targets(source, name) if name else ()
    return targets[0] if targets else None
